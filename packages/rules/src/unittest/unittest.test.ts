import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseHistogram, printHistogram } from './histogram.ts';
import { testRuleFile } from './run.ts';
import { parseSeries } from './series.ts';
import { parseValues } from './values.ts';

describe('parseValues()', () => {
  test.each([
    ['1 2 -3.5 1e3', [1, 2, -3.5, 1000]],
    ['1x3', [1, 1, 1, 1]],
    ['0x10', Array.from({ length: 11 }, () => 0)],
    ['0+10x3', [0, 10, 20, 30]],
    ['1-2x2', [1, -1, -3]],
    ['-2+4x1', [-2, 2]],
    ['_ _x2 stale', [undefined, undefined, undefined, 'stale']],
    ['Inf -Inf NaN', [Infinity, -Infinity, NaN]],
    ['0.1+0.1x2', [0.1, 0.2, 0.1 + 0.1 + 0.1]],
    ['', []],
  ])('%s', (text, expected) => {
    expect(parseValues(text)).toEqual(expected);
  });

  test('adds histograms up', () => {
    const values = parseValues('{{sum:3 count:2 buckets:[2]}}+{{sum:1.3 count:1 buckets:[1]}}x2 _');
    expect(values.slice(0, 3).map((h) => printHistogram(h as never))).toEqual([
      '{{count:2 sum:3 buckets:[2]}}',
      '{{count:3 sum:4.3 buckets:[3]}}',
      '{{count:4 sum:5.6 buckets:[4]}}',
    ]);
    expect(values).toHaveLength(4);
  });

  test.each(['a', '1+2', '1x', 'x3', '{{bogus}}', '1x99999999999'])('refuses %s', (text) => {
    expect(() => parseValues(text)).toThrow(/parse error|bad histogram|more than/);
  });
});

test('a histogram prints back to what was read', () => {
  const text =
    '{{schema:1 count:32.1 sum:-0.3 z_bucket:7.1 z_bucket_w:0.05 counter_reset_hint:gauge offset:-3 buckets:[5.1 10 7] n_offset:-5 n_buckets:[4.1 5]}}';
  expect(printHistogram(parseHistogram(text))).toBe(text);
});

describe('parseSeries()', () => {
  test.each([
    ['up', { __name__: 'up' }],
    [' up{ } ', { __name__: 'up' }],
    ['a:b{x="1",y=\'2\',}', { __name__: 'a:b', x: '1', y: '2' }],
    ['{job="a\\"b"}', { job: 'a"b' }],
    ['{"metric.name", "label.name"="v"}', { __name__: 'metric.name', 'label.name': 'v' }],
    ['', {}],
  ])('%s', (text, expected) => {
    expect(parseSeries(text).toObject()).toEqual(expected);
  });

  test.each(['up{', 'up{a}', 'up{a=b}', 'up} ', 'up{a="b"', 'up up', '5'])('refuses %s', (text) => {
    expect(() => parseSeries(text)).toThrow('parse error');
  });
});

describe('testRuleFile()', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'prunella-rules-'));
    const rules = `
groups:
  - name: second
    rules: [{record: copy, expr: original}]
  - name: first
    rules:
      - {record: original, expr: vector(1)}
      - alert: Late
        expr: vector(time()) > 90
        for: 1m
        labels: {where: "{{ $externalLabels.region }}"}
        annotations: {url: "{{ $externalURL }}", value: "{{ $value }}"}
`;
    writeFileSync(join(dir, 'rules.yml'), rules);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  async function run(tests: string, head = ''): Promise<string[]> {
    const file = join(dir, 'test.yml');
    writeFileSync(file, `rule_files: ["r*.yml"]\n${head}tests:\n${tests}`);
    return testRuleFile(file);
  }

  test('evaluates groups in the order asked for', async () => {
    const tests =
      '  - promql_expr_test: [{expr: copy, eval_time: 0m, exp_samples: [{labels: copy, value: 1}]}]\n';
    expect(await run(tests, 'group_eval_order: [first, second]\n')).toEqual([]);
    expect(await run(tests)).toEqual([
      '    expr: "copy", time: 0s,\n        exp: {__name__="copy"} 1E+00\n        got: nil',
    ]);
  });

  test('takes external labels, the address and alerts at the last evaluation before their time', async () => {
    const tests = `
  - external_labels: {region: eu}
    external_url: http://x
    alert_rule_test:
      - {eval_time: 2m59s, alertname: Late}
      - eval_time: 3m30s
        alertname: Late
        exp_alerts: [{exp_labels: {where: eu}, exp_annotations: {url: http://x, value: "180"}}]
`;
    expect(await run(tests)).toEqual([]);
  });

  test('starts where it is told to', async () => {
    const tests = (start: string): string => `
  - start_timestamp: ${start}
    input_series: [{series: x, values: 1 2}]
    promql_expr_test: [{expr: timestamp(x) + x, eval_time: 1m, exp_samples: [{value: 1609459262}]}]
`;
    expect(await run(tests('1609459200'))).toEqual([]);
    expect(await run(tests('"2021-01-01T00:00:00Z"'))).toEqual([]);
  });

  test('shows what differs as promtool does', async () => {
    const tests = `
  - name: n
    alert_rule_test: [{eval_time: 5m, alertname: Late, exp_alerts: [{exp_labels: {a: b}}]}]
`;
    expect(await run(tests)).toEqual([
      [
        '    name: n,',
        '    alertname: Late, time: 5m, ',
        '        exp:[',
        '            0:',
        '              Labels:{a="b", alertname="Late"}',
        '              Annotations:{}',
        '            ], ',
        '        got:[',
        '            0:',
        '              Labels:{alertname="Late"}',
        '              Annotations:{value="300"}',
        '            ]',
      ].join('\n'),
    ]);
  });

  test('refuses what is no test file', async () => {
    await expect(run('  - {alert_rule_tests: []}\n')).rejects.toThrow(
      'test.yml:3:6: unknown key "alert_rule_tests"',
    );
    await expect(testRuleFile(join(dir, 'nope.yml'))).rejects.toThrow('no such file');
  });
});
