/** Metrics that have the same labels, and so can be matched with one another. */
export interface Family {
  readonly metrics: readonly string[];
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly kind: 'counter' | 'gauge' | 'bucket' | 'native';
  /** Needs a release that knows quoted names, or native histograms. */
  readonly modern?: boolean;
}

const place = { cluster: ['eu', 'us'], instance: ['i0', 'i1', 'i2', 'i3', 'i4', 'i5'] };
const target = { ...place, job: ['api', 'web', 'db'] };
const oddKinds =
  'inf infs infstart nan nansometimes nanstart zero negzero zeros huge hugerise tiny small constant third beyond cancel falling negative alternating steps single pair sparse sparser ended back flapping onlystale late gone timestamp longago far fraction percent whole'.split(
    ' ',
  );
const brokenKinds =
  'noinf onlyinf nothing equal close falls fallsabit infless badle negative zerole neginf nan infs two flat infinity'.split(
    ' ',
  );

/** On which scalars are made. */
export const GAUGES: Family = {
  metrics: ['temperature', 'queue_length', 'limit_value', 'enabled'],
  labels: { ...place, zone: ['a', 'b', 'c', 'd'] },
  kind: 'gauge',
};
/** With how often each is asked for. */
export const FAMILIES: readonly (readonly [number, Family])[] = [
  [6, GAUGES],
  [
    6,
    {
      metrics: ['requests_total'],
      labels: { ...target, path: ['/', '/a', '/b'], code: ['200', '404', '500', '503'] },
      kind: 'counter',
    },
  ],
  [2, { metrics: ['start_time_seconds', 'build_info', 'target_info'], labels: target, kind: 'gauge' }],
  [
    2,
    {
      metrics: ['latency_seconds_bucket'],
      labels: { ...place, job: ['api', 'web', 'db'], le: ['0.1', '1', '+Inf'] },
      kind: 'bucket',
    },
  ],
  [1, { metrics: ['offset_seconds_bucket'], labels: { ...place, le: ['-1', '0', '+Inf'] }, kind: 'bucket' }],
  [
    1,
    {
      metrics: ['latency_seconds_sum', 'latency_seconds_count'],
      labels: { ...place, job: ['api', 'web', 'db'] },
      kind: 'counter',
    },
  ],
  [
    1,
    {
      metrics: ['broken_bucket', 'frozen_bucket'],
      labels: { kind: brokenKinds, le: ['1', '+Inf'] },
      kind: 'bucket',
    },
  ],
  [3, { metrics: ['odd'], labels: { kind: oddKinds }, kind: 'gauge' }],
  [2, { metrics: ['odd_total'], labels: { kind: oddKinds, group: ['0', '1', '2'] }, kind: 'counter' }],
  [1, { metrics: ['twin_a', 'twin_b', 'twin_c'], labels: { x: ['1', '2', '3'] }, kind: 'gauge' }],
  [
    1,
    { metrics: ['weird'], labels: { n: ['1', '2', '10'], v: ['ä', '日本', '$1', 'a b'] }, kind: 'counter' },
  ],
  [
    1,
    {
      metrics: ['up', 'process_cpu_seconds_total', 'process_resident_memory_bytes'],
      labels: { job: ['shop', 'worker'], instance: ['a:1', 'b:1', 'c:1'] },
      kind: 'counter',
    },
  ],
  [
    1,
    {
      metrics: ['dotted.metric', 'ünïcödé', 'spaced metric'],
      labels: { x: ['1', '2'], 'label.of': ['dotted.metric', 'ünïcödé'] },
      kind: 'gauge',
      modern: true,
    },
  ],
  [3, { metrics: ['size_bytes', 'custom_seconds'], labels: place, kind: 'native', modern: true }],
  [
    2,
    {
      metrics: ['native'],
      labels: {
        kind: 'plain fine coarse negatives float widezero resets empty zeroonly nanseen'.split(' '),
      },
      kind: 'native',
      modern: true,
    },
  ],
  [
    1,
    {
      metrics: ['native_gauge'],
      labels: { kind: ['plain', 'float', 'at times'] },
      kind: 'native',
      modern: true,
    },
  ],
  [
    2,
    {
      metrics: ['native_mixed'],
      labels: { kind: 'schemas floats onefloat customs stale sparse single'.split(' ') },
      kind: 'native',
      modern: true,
    },
  ],
];
