import { Labels } from '@prunella/metrics';
import { describe, expect, test } from 'vitest';
import { parsePrometheusConfig } from './config/prometheus.ts';
import { scrapeOffset, TargetFactory, type TargetResult } from './target.ts';

function make(job: string, group: Record<string, string>): TargetResult {
  const [config] = parsePrometheusConfig(`scrape_configs:\n- job_name: j\n${job}`, 'p.yml').scrape_configs;
  return new TargetFactory(config as never).make(Labels.from(group));
}

function shown(result: TargetResult): unknown {
  if (result.kind === 'active') return [result.target.url, result.target.labels.toObject()];
  return result.kind === 'dropped' ? 'dropped' : result.error;
}

const address = { __address__: 'h:1' };
const plain = { instance: 'h:1', job: 'j' };

describe('TargetFactory', () => {
  test.each<[string, string, Record<string, string>, unknown]>([
    ['defaults', '', address, ['http://h:1/metrics', plain]],
    [
      'labels of the group; __meta ones are for relabelling only',
      '',
      { ...address, env: 'p', __meta_x: 'y' },
      ['http://h:1/metrics', { ...plain, env: 'p' }],
    ],
    [
      'job and instance can be given',
      '',
      { ...address, job: 'k', instance: 'i' },
      ['http://h:1/metrics', { job: 'k', instance: 'i' }],
    ],
    [
      'path, scheme, params',
      '  metrics_path: m\n  scheme: https\n  params: {b: [x, "y z"], a: [q]}',
      address,
      ['https://h:1/m?a=q&b=x&b=y+z', plain],
    ],
    [
      'a path with a query',
      '  metrics_path: /m?x=1\n  params: {y: ["2"]}',
      address,
      ['http://h:1/m?x=1&y=2', plain],
    ],
    [
      'the blackbox pattern',
      `  metrics_path: /probe
  params: {module: [http_2xx]}
  relabel_configs:
  - {source_labels: [__address__], target_label: __param_target}
  - {source_labels: [__param_target], target_label: instance}
  - {target_label: __address__, replacement: '127.0.0.1:9115'}`,
      { __address__: 'shop.example:80' },
      [
        'http://127.0.0.1:9115/probe?module=http_2xx&target=shop.example%3A80',
        { instance: 'shop.example:80', job: 'j' },
      ],
    ],
    [
      'dropped',
      '  relabel_configs: [{action: drop, source_labels: [env], regex: p}]',
      { ...address, env: 'p' },
      'dropped',
    ],
    [
      'an interval of its own',
      '',
      { ...address, __scrape_interval__: '1m', __scrape_timeout__: '30s' },
      ['http://h:1/metrics', plain],
    ],
    ['no address', '', {}, 'no address'],
    ['a path in the address', '', { __address__: 'h/x' }, '"h/x" is not a valid address'],
    ['nonsense in the address', '', { __address__: 'h:x' }, '"h:x" is not a valid address'],
    [
      'a bad interval',
      '',
      { ...address, __scrape_interval__: 'x' },
      'error parsing scrape interval: not a valid duration string: "x"',
    ],
    ['no interval', '', { ...address, __scrape_interval__: '0s' }, 'scrape interval cannot be 0'],
    [
      'a long timeout',
      '',
      { ...address, __scrape_timeout__: '2m' },
      'the scrape timeout is longer than the scrape interval',
    ],
    ['an unknown scheme', '', { ...address, __scheme__: 'ftp' }, 'unknown scheme "ftp"'],
  ])('%s', (_, job, group, expected) => {
    expect(shown(make(job, group))).toEqual(expected);
  });

  test('shows the labels before relabelling', () => {
    const result = make('  params: {m: [x]}', address);
    expect(result.kind === 'active' && result.target.discovered.toObject()).toEqual({
      __address__: 'h:1',
      __metrics_path__: '/metrics',
      __param_m: 'x',
      __scheme__: 'http',
      __scrape_interval__: '1m',
      __scrape_timeout__: '10s',
      job: 'j',
    });
  });
});

test('scrapeOffset() spreads targets over the interval and stays the same for one', () => {
  const offsets = Array.from({ length: 1000 }, (_, i) => scrapeOffset(`target ${i}`, 15_000, 'seed'));
  const quarters = [0, 0, 0, 0];
  for (const offset of offsets) quarters[Math.floor(offset / 3750)]! += 1;
  for (const count of quarters) expect(count).toBeGreaterThan(180);
  expect(scrapeOffset('target 1', 15_000, 'seed')).toBe(offsets[1]);
  expect(scrapeOffset('target 1', 15_000, 'other')).not.toBe(offsets[1]);
});
