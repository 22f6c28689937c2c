import { GoDuration } from '@prunella/gotemplate';
import { formatDuration, Labels, type FloatHistogram } from '@prunella/metrics';
import type { QueryResult } from '@prunella/promql';
import type { ActiveAlert } from '../rule/alerting.ts';
import { vectorOf } from '../rule/rule.ts';
import { parseHistogram, printHistogram } from './histogram.ts';
import type { AlertTest, ExprTest } from './schema.ts';
import { parseSeries } from './series.ts';

/** Go's notation of a time since the start: `1h0m0s`. */
export function goDuration(ms: number): string {
  return GoDuration.fromMs(ms).String();
}

interface ShownAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
}

/** @returns how the alerts differ from those expected, in promtool's form; undefined = not at all */
export function compareAlerts(
  testName: string,
  test: AlertTest,
  got: readonly ActiveAlert[],
  diff: boolean,
): string | undefined {
  const expected = test.exp_alerts.map(({ exp_labels: labels, exp_annotations: annotations }) => ({
    labels: Labels.from({ ...labels, alertname: test.alertname }),
    annotations: Labels.from(annotations),
  }));
  const [wanted, present] = [showAlerts(expected), showAlerts(got)];
  if (wanted === present) return undefined;
  const name = testName === '' ? '' : `    name: ${testName},\n`;
  const head = `${name}    alertname: ${test.alertname}, time: ${formatDuration(test.eval_time)}, \n`;
  if (diff) return `${head}        diff: (-expected, +got)\n${difference(wanted, present)}`;
  return `${head}        exp:${indent(wanted)}, \n        got:${indent(present)}`;
}

function showAlerts(alerts: readonly ShownAlert[]): string {
  if (alerts.length === 0) return '[]';
  const sorted = [...alerts].sort(
    (a, b) => Labels.compare(a.labels, b.labels) || Labels.compare(a.annotations, b.annotations),
  );
  const shown = sorted.map(
    ({ labels, annotations }, i) =>
      `${i}:\n  Labels:${labels.toString()}\n  Annotations:${annotations.toString()}\n`,
  );
  return `[\n${shown.join('')}]`;
}

function indent(text: string): string {
  return text.replaceAll('\n', '\n            ');
}

/** Lines that only one side has. */
function difference(expected: string, got: string): string {
  const [before, after] = [expected.split('\n'), got.split('\n')];
  const missing = before.filter((line) => !after.includes(line)).map((line) => `        - ${line}`);
  const extra = after.filter((line) => !before.includes(line)).map((line) => `        + ${line}`);
  return [...missing, ...extra].join('\n');
}

interface ShownSample {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram: string;
}

/** @returns how the result differs from the samples expected; undefined = not at all. @throws Error for bad expectations */
export function compareSamples(test: ExprTest, result: QueryResult, fuzzy: boolean): string | undefined {
  const got = vectorOf(result).map(({ labels, value, histogram }) => ({
    labels,
    value: histogram ? 0 : value,
    histogram: histogram ? printHistogram(histogram) : '',
  }));
  const expected = test.exp_samples.map(({ labels, value, histogram }) => ({
    labels: labelsOf(labels),
    value,
    histogram: histogram === '' ? '' : printHistogram(parseHistogramText(histogram)),
  }));
  const [wanted, present] = [sorted(expected), sorted(got)];
  const same =
    wanted.length === present.length &&
    wanted.every((sample, i) => equal(sample, present[i] as ShownSample, fuzzy));
  return same ? undefined : `\n        exp: ${showSamples(wanted)}\n        got: ${showSamples(present)}`;
}

function labelsOf(text: string): Labels {
  try {
    return parseSeries(text);
  } catch (error) {
    throw new Error(`labels ${JSON.stringify(text)}: ${(error as Error).message}`, { cause: error });
  }
}

function parseHistogramText(text: string): FloatHistogram {
  try {
    return parseHistogram(text);
  } catch (error) {
    throw new Error(`histogram ${JSON.stringify(text)}: ${(error as Error).message}`, { cause: error });
  }
}

function sorted(samples: readonly ShownSample[]): ShownSample[] {
  return [...samples].sort((a, b) => Labels.compare(a.labels, b.labels));
}

function equal(a: ShownSample, b: ShownSample, fuzzy: boolean): boolean {
  if (!a.labels.equals(b.labels) || a.histogram !== b.histogram) return false;
  return (
    a.value === b.value ||
    (Number.isNaN(a.value) && Number.isNaN(b.value)) ||
    (fuzzy && areNeighbours(a.value, b.value))
  );
}

/** Whether no other double lies between two. */
function areNeighbours(a: number, b: number): boolean {
  const bits = new BigInt64Array(Float64Array.of(a, b).buffer);
  const ordered = (n: bigint): bigint => (n < 0n ? -(n & 0x7fff_ffff_ffff_ffffn) : n);
  const distance = ordered(bits[0] as bigint) - ordered(bits[1] as bigint);
  return distance >= -1n && distance <= 1n;
}

function showSamples(samples: readonly ShownSample[]): string {
  if (samples.length === 0) return 'nil';
  return samples
    .map(
      ({ labels, value, histogram }) =>
        `${allLabels(labels)} ${histogram === '' ? scientific(value) : histogram}`,
    )
    .join(', ');
}

/** With the name among the labels, as promtool shows it. */
function allLabels(labels: Labels): string {
  return `{${[...labels].map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}

/** Go's `%E` with the shortest digits. */
function scientific(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  return value
    .toExponential()
    .toUpperCase()
    .replace(/E([+-])(\d)$/, 'E$10$2');
}
