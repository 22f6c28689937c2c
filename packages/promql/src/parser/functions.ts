import type { ValueType } from './ast.ts';

export interface FunctionSignature {
  readonly args: readonly ValueType[];
  /** How many of the last arguments may be left out; -1 = the last one may be repeated or left out. */
  readonly optional: number;
  readonly returns: ValueType;
}

const f = (returns: ValueType, args: readonly ValueType[], optional = 0): FunctionSignature => ({
  args,
  optional,
  returns,
});
const vector = f('vector', ['vector']);
const matrix = f('vector', ['matrix']);
const date = f('vector', ['vector'], 1);

/** Every function with its types. */
export const FUNCTIONS: ReadonlyMap<string, FunctionSignature> = new Map(
  Object.entries({
    abs: vector,
    absent: vector,
    absent_over_time: matrix,
    acos: vector,
    acosh: vector,
    asin: vector,
    asinh: vector,
    atan: vector,
    atanh: vector,
    avg_over_time: matrix,
    ceil: vector,
    changes: matrix,
    clamp: f('vector', ['vector', 'scalar', 'scalar']),
    clamp_max: f('vector', ['vector', 'scalar']),
    clamp_min: f('vector', ['vector', 'scalar']),
    cos: vector,
    cosh: vector,
    count_over_time: matrix,
    day_of_month: date,
    day_of_week: date,
    day_of_year: date,
    days_in_month: date,
    deg: vector,
    delta: matrix,
    deriv: matrix,
    double_exponential_smoothing: f('vector', ['matrix', 'scalar', 'scalar']),
    end: f('scalar', []),
    exp: vector,
    first_over_time: matrix,
    floor: vector,
    histogram_avg: vector,
    histogram_count: vector,
    histogram_fraction: f('vector', ['scalar', 'scalar', 'vector']),
    histogram_quantile: f('vector', ['scalar', 'vector']),
    histogram_quantiles: f('vector', ['vector', 'string', 'scalar', 'scalar'], -1),
    histogram_stddev: vector,
    histogram_stdvar: vector,
    histogram_sum: vector,
    hour: date,
    idelta: matrix,
    increase: matrix,
    info: f('vector', ['vector', 'vector'], 1),
    irate: matrix,
    label_join: f('vector', ['vector', 'string', 'string', 'string'], -1),
    label_replace: f('vector', ['vector', 'string', 'string', 'string', 'string']),
    last_over_time: matrix,
    ln: vector,
    log10: vector,
    log2: vector,
    mad_over_time: matrix,
    max_of: f('scalar', ['scalar', 'scalar']),
    max_over_time: matrix,
    min_of: f('scalar', ['scalar', 'scalar']),
    min_over_time: matrix,
    minute: date,
    month: date,
    pi: f('scalar', []),
    predict_linear: f('vector', ['matrix', 'scalar']),
    present_over_time: matrix,
    quantile_over_time: f('vector', ['scalar', 'matrix']),
    rad: vector,
    range: f('scalar', []),
    rate: matrix,
    resets: matrix,
    round: f('vector', ['vector', 'scalar'], 1),
    scalar: f('scalar', ['vector']),
    sgn: vector,
    sin: vector,
    sinh: vector,
    sort: vector,
    sort_by_label: f('vector', ['vector', 'string'], -1),
    sort_by_label_desc: f('vector', ['vector', 'string'], -1),
    sort_desc: vector,
    sqrt: vector,
    start: f('scalar', []),
    start_timestamp: vector,
    stddev_over_time: matrix,
    stdvar_over_time: matrix,
    step: f('scalar', []),
    sum_over_time: matrix,
    tan: vector,
    tanh: vector,
    time: f('scalar', []),
    timestamp: vector,
    ts_of_first_over_time: matrix,
    ts_of_last_over_time: matrix,
    ts_of_max_over_time: matrix,
    ts_of_min_over_time: matrix,
    vector: f('vector', ['scalar']),
    year: date,
  }),
);

const EXPERIMENTAL: ReadonlySet<string> = new Set([
  'double_exponential_smoothing',
  'end',
  'histogram_quantiles',
  'info',
  'limit_ratio',
  'limitk',
  'mad_over_time',
  'max_of',
  'min_of',
  'range',
  'sort_by_label',
  'sort_by_label_desc',
  'start',
  'step',
  'ts_of_first_over_time',
  'ts_of_last_over_time',
  'ts_of_max_over_time',
  'ts_of_min_over_time',
]);

/** The feature that a function or aggregation needs; undefined for what is always there. */
export function featureOf(name: string): string | undefined {
  if (name === 'start_timestamp') return 'use-start-timestamps';
  return EXPERIMENTAL.has(name) ? 'promql-experimental-functions' : undefined;
}

/** Aggregations, and the type of the parameter of those that take one. */
export const AGGREGATIONS: ReadonlyMap<string, 'scalar' | 'string' | undefined> = new Map(
  Object.entries({
    sum: undefined,
    avg: undefined,
    count: undefined,
    min: undefined,
    max: undefined,
    group: undefined,
    stddev: undefined,
    stdvar: undefined,
    topk: 'scalar',
    bottomk: 'scalar',
    quantile: 'scalar',
    count_values: 'string',
    limitk: 'scalar',
    limit_ratio: 'scalar',
  } as const),
);
