import { Labels } from '@prunella/metrics';

type Metric = Readonly<Record<string, string>>;
type Point = readonly [seconds: number, value: string];
interface HistogramJson {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly (readonly [number, string, string, string])[];
}
type HistogramPoint = readonly [seconds: number, histogram: HistogramJson];

interface Sample {
  readonly metric: Metric;
  readonly value?: Point;
  readonly histogram?: HistogramPoint;
}

interface Samples {
  readonly metric: Metric;
  readonly values?: readonly Point[];
  readonly histograms?: readonly HistogramPoint[];
}

type QueryData =
  | { readonly resultType: 'scalar' | 'string'; readonly result: Point }
  | { readonly resultType: 'vector'; readonly result: readonly Sample[] }
  | { readonly resultType: 'matrix'; readonly result: readonly Samples[] };

/** What the API says, by what was asked. */
export type QueryAnswer =
  | { readonly kind: 'query'; readonly data: QueryData }
  | { readonly kind: 'series'; readonly data: readonly Metric[] }
  | { readonly kind: 'values'; readonly data: readonly string[] };

type Format = (answer: QueryAnswer) => Iterable<string>;

export const formatters: {
  readonly table: Format;
  readonly json: Format;
  readonly csv: Format;
  readonly promql: Format;
} = {
  table: ({ kind, data }) => {
    if (kind !== 'query') return kind === 'values' ? data : data.map(nameOf);
    return aligned(rowsOf(data).map(({ metric, time, value }) => [nameOf(metric), value, isoOf(time)]));
  },
  json: ({ data }) => [JSON.stringify(data)],
  csv: ({ kind, data }) => {
    if (kind === 'values') return ['value', ...data.map(quoted)];
    if (kind === 'series')
      return csvOf(
        data.map((metric) => ({ metric, rest: [] })),
        [],
      );
    const rows = rowsOf(data).map(({ metric, time, value }) => ({ metric, rest: [String(time), value] }));
    return csvOf(rows, ['time', 'value']);
  },
  promql,
};

export function isFormat(text: string): text is keyof typeof formatters {
  return Object.hasOwn(formatters, text);
}

interface Row {
  readonly metric: Metric;
  /** Seconds. */
  readonly time: number;
  readonly value: string;
}

function rowsOf(data: QueryData): Row[] {
  switch (data.resultType) {
    case 'vector':
      return data.result.map(({ metric, value, histogram }) => {
        const [time, shown] = value ?? histogramText(histogram!);
        return { metric, time, value: shown };
      });
    case 'matrix':
      return data.result.flatMap(({ metric, values = [], histograms = [] }) =>
        [...values, ...histograms.map(histogramText)]
          .sort(([a], [b]) => a - b)
          .map(([time, value]) => ({ metric, time, value })),
      );
    case 'scalar':
    case 'string':
      return [{ metric: {}, time: data.result[0], value: data.result[1] }];
    default:
      throw new Error('the server answered with a result of a kind yet unknown');
  }
}

function histogramText([time, { count, sum, buckets = [] }]: HistogramPoint): Point {
  const parts = buckets.map(([boundaries, lower, upper, own]) => {
    const [open, close] = ['(]', '[)', '()', '[]'][boundaries] ?? '(]';
    return `${open}${lower},${upper}${close}:${own}`;
  });
  return [time, `{count:${count}, sum:${sum}${parts.length === 0 ? '' : `, ${parts.join(', ')}`}}`];
}

function nameOf(metric: Metric): string {
  return Labels.from(metric).toString();
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  '),
  );
}

/** A column for every label that any row has. */
function csvOf(
  rows: readonly { metric: Metric; rest: readonly string[] }[],
  more: readonly string[],
): string[] {
  const names = [...new Set(rows.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const line = (cells: readonly string[]): string => cells.map(quoted).join(',');
  return [
    line([...names, ...more]),
    ...rows.map(({ metric, rest }) => line([...names.map((name) => metric[name] ?? ''), ...rest])),
  ];
}

/** RFC 4180. */
function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** What `promtool query` prints. */
function* promql({ kind, data }: QueryAnswer): Generator<string> {
  if (kind === 'values') {
    yield* data;
    return;
  }
  if (kind === 'series') {
    for (const metric of data) {
      const pairs = Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1));
      yield `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
    }
    return;
  }
  switch (data.resultType) {
    case 'scalar':
      yield `scalar: ${data.result[1]} @[${data.result[0]}]`;
      return;
    case 'string':
      yield data.result[1];
      return;
    case 'vector':
      for (const { metric, time, value } of rowsOf(data)) yield `${nameOf(metric)} => ${value} @[${time}]`;
      return;
    case 'matrix':
      for (const each of data.result) {
        yield `${nameOf(each.metric)} =>`;
        for (const { time, value } of rowsOf({ resultType: 'matrix', result: [each] }))
          yield `${value} @[${time}]`;
      }
  }
}
