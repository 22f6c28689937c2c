import type { Labels, QueryAnswer, Series } from '../api/prometheus.ts';
import { field, frame, seriesName, type Cell, type Frame } from './frame.ts';
import type { Target } from './types.ts';

/** `{{instance}} - rx`; `__auto` and an empty format name the series by what tells it apart. */
export function legendText(format: string, labels: Labels, expr: string, common: Labels): string {
  if (format === '__auto' || format === '') {
    const own = Object.entries(labels).filter(
      ([name, value]) => common[name] !== value && name !== '__name__',
    );
    if (format === '' || own.length === 0)
      return Object.keys(labels).length === 0 ? expr : seriesName(labels);
    return own.length === 1 ? (own[0]?.[1] ?? '') : seriesName(Object.fromEntries(own));
  }
  const text = format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_whole, name: string) => labels[name] ?? '');
  return text.trim() === '' ? seriesName(labels) : text;
}

/** The labels that all series share. */
export function commonLabels(series: Series[]): Labels {
  const [first, ...rest] = series;
  if (!first || rest.length === 0) return {};
  return Object.fromEntries(
    Object.entries(first.labels).filter(([name, value]) =>
      rest.every((other) => other.labels[name] === value),
    ),
  );
}

function seriesFrame(series: Series, target: Target, expr: string, common: Labels): Frame {
  const value = field('Value', 'number', series.values as Cell[], series.labels);
  value.legend = legendText(target.legendFormat, series.labels, expr, common);
  return frame(target.refId, [field('Time', 'time', series.times as Cell[]), value]);
}

/** One row for each sample, one column for each label: what `format: table` gives. */
function tableFrame(series: Series[], target: Target, several: boolean): Frame {
  const names = [...new Set(series.flatMap((one) => Object.keys(one.labels)))].sort();
  const times: Cell[] = [];
  const values: Cell[] = [];
  const columns = names.map((): Cell[] => []);
  for (const one of series) {
    for (const [row, time] of one.times.entries()) {
      times.push(time);
      values.push(one.values[row] ?? null);
      for (const [index, name] of names.entries()) columns[index]?.push(one.labels[name] ?? '');
    }
  }
  return frame(target.refId, [
    field('Time', 'time', times),
    ...names.map((name, index) => field(name, 'string', columns[index] ?? [])),
    field(several ? `Value #${target.refId}` : 'Value', 'number', values),
  ]);
}

function bucketBound(series: Series): number {
  return Number((series.labels['le'] ?? '').replace('+Inf', 'Infinity'));
}

/** Cumulative buckets sorted by `le`, each less the one below: what `format: heatmap` gives. */
function heatmapFrames(series: Series[], target: Target): Frame[] {
  const buckets = [...series].sort((a, b) => bucketBound(a) - bucketBound(b));
  let below = new Map<number, number>();
  return buckets.map((bucket) => {
    const values = bucket.values.map((value, index) =>
      Math.max(0, value - (below.get(bucket.times[index] ?? 0) ?? 0)),
    );
    below = new Map(bucket.times.map((time, index) => [time, bucket.values[index] ?? 0]));
    const one = field('Value', 'number', values, bucket.labels);
    one.legend = bucket.labels['le'] ?? '';
    return frame(target.refId, [field('Time', 'time', bucket.times as Cell[]), one]);
  });
}

/** Frames of one target's answer. `several` says that the panel has more than one visible target. */
export function answerFrames(answer: QueryAnswer, target: Target, expr: string, several: boolean): Frame[] {
  if (answer.type === 'string') return [frame(target.refId, [field('Value', 'string', [answer.text ?? ''])])];
  if (target.format === 'table')
    return answer.series.length === 0 ? [] : [tableFrame(answer.series, target, several)];
  if (target.format === 'heatmap') return heatmapFrames(answer.series, target);
  const common = commonLabels(answer.series);
  return answer.series.map((series) => seriesFrame(series, target, expr, common));
}
