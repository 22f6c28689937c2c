import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Labels, METRIC_NAME } from '../labels.ts';
import {
  acceptHeader,
  chooseFormat,
  DEFAULT_PROTOCOLS,
  familyOf,
  formatOf,
  ProtobufParser,
  readExposition,
  writeOpenMetrics,
  writeProtobuf,
  writeText,
  type Exposition,
  type ExposedSample,
  type Metric,
  type MetricFamily,
} from './index.ts';

const exemplar = { labels: Labels.from({ trace: 'x' }), value: 0.25, timestamp: 1_500 };
const families: MetricFamily[] = [
  {
    name: 'jobs_total',
    type: 'counter',
    help: 'Jobs\nby "kind" \\',
    metrics: [{ labels: { kind: 'a"\\\nb' }, value: 3, exemplar }],
  },
  {
    name: 'temp',
    type: 'gauge',
    metrics: [
      { value: -1.5, timestamp: 1_600_000_000_123 },
      { labels: { room: 'ü' }, value: NaN },
    ],
  },
  {
    name: 'latency_seconds',
    type: 'histogram',
    help: 'Latency',
    unit: 'seconds',
    metrics: [
      { suffix: '_bucket', labels: { path: '/', le: '0.5' }, value: 1, exemplar },
      { suffix: '_bucket', labels: { path: '/', le: '1' }, value: 2 },
      { suffix: '_bucket', labels: { path: '/', le: '+Inf' }, value: 3 },
      { suffix: '_sum', labels: { path: '/' }, value: 4.5 },
      { suffix: '_count', labels: { path: '/' }, value: 3 },
    ],
  },
  {
    name: 'size',
    type: 'summary',
    metrics: [
      { labels: { quantile: '0.5' }, value: 7 },
      { suffix: '_sum', value: 10 },
      { suffix: '_count', value: 2 },
    ],
  },
  { name: 'odd', type: 'unknown', metrics: [{ value: Infinity }] },
];

describe('writeText()', () => {
  test('writes what Prometheus documents', () => {
    expect(writeText(families)).toBe(`# HELP jobs_total Jobs\\nby "kind" \\\\
# TYPE jobs_total counter
jobs_total{kind="a\\"\\\\\\nb"} 3
# TYPE temp gauge
temp -1.5 1600000000123
temp{room="ü"} NaN
# HELP latency_seconds Latency
# TYPE latency_seconds histogram
latency_seconds_bucket{path="/",le="0.5"} 1
latency_seconds_bucket{path="/",le="1"} 2
latency_seconds_bucket{path="/",le="+Inf"} 3
latency_seconds_sum{path="/"} 4.5
latency_seconds_count{path="/"} 3
# TYPE size summary
size{quantile="0.5"} 7
size_sum 10
size_count 2
# TYPE odd untyped
odd +Inf
`);
  });
});

describe('writeOpenMetrics()', () => {
  test('keeps exemplars, moves _total to the sample, and ends with EOF', () => {
    expect(writeOpenMetrics(families.slice(0, 3))).toBe(`# TYPE jobs counter
# HELP jobs Jobs\\nby \\"kind\\" \\\\
jobs_total{kind="a\\"\\\\\\nb"} 3.0 # {trace="x"} 0.25 1.5
# TYPE temp gauge
temp -1.5 1600000000.123
temp{room="ü"} NaN
# TYPE latency_seconds histogram
# UNIT latency_seconds seconds
# HELP latency_seconds Latency
latency_seconds_bucket{path="/",le="0.5"} 1 # {trace="x"} 0.25 1.5
latency_seconds_bucket{path="/",le="1.0"} 2
latency_seconds_bucket{path="/",le="+Inf"} 3
latency_seconds_sum{path="/"} 4.5
latency_seconds_count{path="/"} 3
# EOF
`);
  });
});

function byLabels({ samples }: Exposition): string[] {
  return samples
    .map(
      ({ labels, value, timestamp, exemplars }) =>
        `${labels.key} ${value} ${timestamp} ${exemplars.map((e) => `${e.labels.key} ${e.value} ${e.timestamp}`).join()}`,
    )
    .sort();
}

const LABEL_NAME = fc.constantFrom('a', 'b_c', 'd.e', 'ü');
const value = fc.oneof(fc.double(), fc.constantFrom(0, -0, Infinity, 1e300));
const family = fc.record({
  name: fc.constantFrom('m', 'x_total', 'some.metric', 'ü'),
  help: fc.string({ unit: 'grapheme' }).map((text) => text.trim()),
  type: fc.constantFrom('counter' as const, 'gauge' as const, 'unknown' as const),
  metrics: fc.uniqueArray(
    fc.record({
      labels: fc.dictionary(LABEL_NAME, fc.string({ unit: 'grapheme', minLength: 1 })),
      value,
      timestamp: fc.integer({ min: 1, max: 4e12 }), // protobuf cannot tell 0 from none
    }),
    { selector: ({ labels }) => Labels.from(labels).key, maxLength: 5 },
  ),
});

describe('what is written is read', () => {
  test('in text and in protobuf alike', () => {
    fc.assert(
      fc.property(fc.uniqueArray(family, { selector: ({ name }) => name, maxLength: 4 }), (list) => {
        const text = readExposition(writeText(list), 'text');
        const protobuf = readExposition(writeProtobuf(list), 'protobuf');
        const expected = list.flatMap(({ name, metrics }) =>
          metrics.map((each) => ({
            labels: Labels.from({ ...each.labels, [METRIC_NAME]: name }),
            value: each.value,
            timestamp: each.timestamp,
            exemplars: [],
          })),
        );
        expect(byLabels(text)).toEqual(byLabels({ samples: expected, metadata: new Map() }));
        expect(byLabels(protobuf)).toEqual(byLabels(text));
        for (const { name, type, help } of list)
          for (const read of [text, protobuf])
            expect(read.metadata.get(name)).toEqual({ type, help, unit: '' });
      }),
      { numRuns: 300 },
    );
  });

  test('all kinds in protobuf', () => {
    const read = readExposition(writeProtobuf(families), 'protobuf');
    const openMetrics = readExposition(writeOpenMetrics(families), 'openmetrics');
    const withoutExemplars = (each: ExposedSample): string =>
      `${each.labels.key} ${each.value} ${each.timestamp}`;
    expect(read.samples.map(withoutExemplars).sort()).toEqual(
      openMetrics.samples.map(withoutExemplars).sort(),
    );
    expect(read.metadata.get('latency_seconds')).toEqual({
      type: 'histogram',
      help: 'Latency',
      unit: 'seconds',
    });
  });

  test('native histograms', () => {
    const base = {
      counterResetHint: 'unknown',
      schema: 3,
      zeroThreshold: 0.001,
      sum: 12.5,
      customValues: [],
      positiveSpans: [
        { offset: -2, length: 2 },
        { offset: 3, length: 1 },
      ],
      negativeSpans: [{ offset: 1, length: 1 }],
    } as const;
    const integer = {
      ...base,
      kind: 'integer',
      count: 9,
      zeroCount: 1,
      positiveDeltas: [1, 2, -1],
      negativeDeltas: [2],
    } as const;
    const float = {
      ...base,
      kind: 'float',
      count: 9.5,
      zeroCount: 1.5,
      positiveBuckets: [1, 3, 2],
      negativeBuckets: [2],
    } as const;
    const metrics: Metric[] = [
      { labels: { k: 'i' }, value: 0, histogram: integer },
      { labels: { k: 'f' }, value: 0, histogram: float },
    ];
    const { samples } = readExposition(
      writeProtobuf([{ name: 'h', type: 'histogram', metrics }]),
      'protobuf',
    );
    expect(samples.map(({ histogram }) => histogram)).toEqual([integer, float]);
    const classic = new ProtobufParser({ nativeHistograms: false });
    classic.start(writeProtobuf([{ name: 'h', type: 'histogram', metrics }]));
    const names: string[] = [];
    while (classic.next()) names.push(classic.table.labels(classic.series).metricName);
    expect(names).not.toContain('h');
  });

  test('any damage of protobuf is an ExpositionError or reads as something', () => {
    const whole = writeProtobuf(families).slice();
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(whole.length),
        (at, byte, cut) => {
          const bytes = whole.slice(0, cut);
          if (at < cut) bytes[at] = byte;
          try {
            readExposition(bytes, 'protobuf');
          } catch (error) {
            expect((error as Error).name).toBe('ExpositionError');
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('negotiation', () => {
  test.each([
    ['text/plain; version=0.0.4', 'text'],
    ['text/plain', 'text'],
    ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'openmetrics'],
    [
      'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
      'protobuf',
    ],
    ['text/html', undefined],
    [undefined, undefined],
  ])('%j is %s', (type, format) => {
    expect(formatOf(type)).toBe(format);
  });

  test('an unknown type needs a fallback', () => {
    expect(() => chooseFormat('text/html')).toThrow('received unsupported Content-Type "text/html"');
    expect(chooseFormat(undefined, 'PrometheusText0.0.4')).toBe('text');
    expect(acceptHeader(DEFAULT_PROTOCOLS)).toMatch(
      /^application\/openmetrics-text;version=1.0.0;.*q=0.5,.*\*\/\*;q=0.1$/,
    );
  });
});

const corpus = join(
  fileURLToPath(new URL('../../../../..', import.meta.url)),
  'shared/conformance/exposition',
);

describe.skipIf(!existsSync(corpus))('the shared corpus (needs ../shared)', () => {
  test('survives text → protobuf → samples', () => {
    const read = readExposition(readFileSync(join(corpus, 'alltypes.237mfs.prom.txt')));
    const grouped = new Map<string, Metric[]>();
    for (const { labels, value } of read.samples) {
      const family = familyOf(labels, read.metadata);
      const suffix = labels.metricName.slice(family.length) as '_sum' | '';
      const metric = { value, labels: labels.withoutName().toObject(), ...(suffix !== '' && { suffix }) };
      grouped.set(family, [...(grouped.get(family) ?? []), metric]);
    }
    const list = [...grouped].map(([name, metrics]) => ({
      name,
      ...(read.metadata.get(name) as { type: 'gauge'; help: string }),
      metrics,
    }));
    const back = readExposition(writeProtobuf(list), 'protobuf');
    const text = readExposition(writeOpenMetrics(list).replaceAll('_total_total', '_total'), 'openmetrics');
    expect(back.samples).toHaveLength(read.samples.length);
    expect(text.samples).toHaveLength(read.samples.length);
    const sum = (from: Exposition): number =>
      from.samples.reduce((total, { value: v }) => total + (Number.isFinite(v) ? v : 0), 0);
    expect(sum(back)).toBeCloseTo(sum(read), -3);
  });
});
