import { formatFloat } from '../gonumber.ts';
import { isLegacyLabelName, isLegacyMetricName } from '../labels.ts';
import type { Exemplar } from '../storage.ts';
import type { Metric, MetricFamily } from './family.ts';
import { openMetricsFloat } from './protobuf-parser.ts';

export const TEXT_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
export const OPENMETRICS_CONTENT_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Writes text 0.0.4. */
export function writeText(families: Iterable<MetricFamily>): string {
  let text = '';
  for (const { name, type, help, metrics } of families) {
    if (help !== undefined) text += `# HELP ${quoteName(name)} ${escapeHelp(help)}\n`;
    text += `# TYPE ${quoteName(name)} ${TEXT_TYPES[type] ?? type}\n`;
    for (const metric of metrics) {
      if (metric.histogram) continue;
      const time = metric.timestamp === undefined ? '' : ` ${metric.timestamp}`;
      text += `${seriesText(name + (metric.suffix ?? ''), metric.labels)} ${formatFloat(metric.value)}${time}\n`;
    }
  }
  return text;
}

/** 0.0.4 has fewer types than OpenMetrics. */
const TEXT_TYPES: Readonly<Record<string, string>> = {
  unknown: 'untyped',
  info: 'gauge',
  stateset: 'gauge',
  gaugehistogram: 'histogram',
};

/** Writes OpenMetrics 1.0, with its final `# EOF`. */
export function writeOpenMetrics(families: Iterable<MetricFamily>): string {
  let text = '';
  for (const { name, type, help, unit, metrics } of families) {
    const counter = type === 'counter';
    const info = type === 'info';
    const base = counter ? name.replace(/_total$/, '') : info ? name.replace(/_info$/, '') : name;
    text += `# TYPE ${quoteName(base)} ${type}\n`;
    if (unit) text += `# UNIT ${quoteName(base)} ${unit}\n`;
    if (help !== undefined) text += `# HELP ${quoteName(base)} ${escapeHelp(help).replaceAll('"', '\\"')}\n`;
    for (const metric of metrics) {
      if (metric.histogram) continue;
      const suffix = metric.suffix ?? (counter ? '_total' : info ? '_info' : '');
      text += openMetricsSample(base + suffix, metric);
    }
  }
  return `${text}# EOF\n`;
}

function openMetricsSample(name: string, { labels, value, timestamp, exemplar, suffix }: Metric): string {
  const time = timestamp === undefined ? '' : ` ${seconds(timestamp)}`;
  const number = suffix === '_bucket' || suffix === '_count' ? formatFloat(value) : openMetricsFloat(value);
  return `${seriesText(name, labels, openMetricsBound)} ${number}${time}${exemplar ? exemplarText(exemplar) : ''}\n`;
}

function exemplarText({ labels, value, timestamp }: Exemplar): string {
  const time = timestamp === undefined ? '' : ` ${seconds(timestamp)}`;
  const set = labels.size === 0 ? '{}' : labelSetText([...labels]);
  return ` # ${set} ${openMetricsFloat(value)}${time}`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3).replace(/\.?0+$/, '');
}

/** Bounds and quantiles are floats in OpenMetrics: `le="1"` is `le="1.0"`. */
function openMetricsBound(name: string, value: string): string {
  return (name === 'le' || name === 'quantile') && /^-?\d+$/.test(value) ? `${value}.0` : value;
}

function seriesText(
  name: string,
  labels: Readonly<Record<string, string>> = {},
  convert: (name: string, value: string) => string = (_, value) => value,
): string {
  const entries = Object.entries(labels).map(([key, value]): [string, string] => [key, convert(key, value)]);
  if (isLegacyMetricName(name)) return entries.length === 0 ? name : name + labelSetText(entries);
  return labelSetText(entries, quoteName(name));
}

function labelSetText(entries: readonly (readonly [string, string])[], first?: string): string {
  const parts = entries.map(
    ([name, value]) => `${isLegacyLabelName(name) ? name : quote(name)}=${quote(value)}`,
  );
  return `{${(first === undefined ? parts : [first, ...parts]).join(',')}}`;
}

function quoteName(name: string): string {
  return isLegacyMetricName(name) ? name : quote(name);
}

const ESCAPED = /[\\"\n]/;

function quote(value: string): string {
  if (!ESCAPED.test(value)) return `"${value}"`;
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
