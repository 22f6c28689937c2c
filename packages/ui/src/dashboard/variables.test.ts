import { describe, expect, test } from 'vitest';
import { resolveVariables, type VariableSource } from './resolve-variables.ts';
import { readVariables } from './variable-json.ts';
import { parseVariableQuery, variableOptions } from './variable-query.ts';

describe('parseVariableQuery()', () => {
  const cases: [string, ReturnType<typeof parseVariableQuery>][] = [
    ['label_values(job)', { kind: 'label_values', label: 'job', selector: '' }],
    ['label_values(up, instance)', { kind: 'label_values', label: 'instance', selector: 'up' }],
    [
      'label_values(up{job="a",x=~"b|c"}, instance)',
      { kind: 'label_values', label: 'instance', selector: 'up{job="a",x=~"b|c"}' },
    ],
    ['label_values({job="a"},instance)', { kind: 'label_values', label: 'instance', selector: '{job="a"}' }],
    ['label_names()', { kind: 'label_names', selector: '' }],
    ['metrics(node_.*)', { kind: 'metrics', pattern: 'node_.*' }],
    ['query_result(topk(3, sum by (x) (y)))', { kind: 'query_result', expr: 'topk(3, sum by (x) (y))' }],
    ['', { kind: 'empty' }],
  ];
  for (const [text, want] of cases)
    test(`${text || 'nothing'}`, () => expect(parseVariableQuery(text)).toEqual(want));
});

describe('variableOptions()', () => {
  test('a regex keeps and cuts', () => {
    const values = ['up{instance="b:9100"} 1', 'up{instance="a:9100"} 0', 'other'];
    expect(
      variableOptions(values, { regex: '/instance="([^:]+)/', sort: 1 }).map((option) => option.value),
    ).toEqual(['a', 'b']);
  });
  test('named groups give text and value', () => {
    expect(variableOptions(['x=1;y=one'], { regex: '/x=(?<value>\\w+);y=(?<text>\\w+)/', sort: 0 })).toEqual([
      { value: '1', text: 'one' },
    ]);
  });
  test('sorts by number and backwards', () => {
    expect(
      variableOptions(['cpu10', 'cpu9', 'cpu1'], { regex: '', sort: 3 }).map((option) => option.value),
    ).toEqual(['cpu1', 'cpu9', 'cpu10']);
    expect(variableOptions(['a', 'c', 'b'], { regex: '', sort: 2 }).map((option) => option.value)).toEqual([
      'c',
      'b',
      'a',
    ]);
  });
  test('a broken regex changes nothing', () =>
    expect(variableOptions(['a'], { regex: '/(/', sort: 0 })).toEqual([{ value: 'a', text: 'a' }]));
});

const asked: string[] = [];
const source: VariableSource = {
  labelValues: (label, selector) => {
    asked.push(`${label} of ${selector}`);
    return Promise.resolve(label === 'job' ? ['node', 'shop'] : ['h1:9100', 'h2:9100']);
  },
  labelNames: () => Promise.resolve(['job']),
  queryResult: () => Promise.reject(new Error('1:3: parse error: unexpected end of input')),
};

describe('resolveVariables()', () => {
  const variables = readVariables([
    { name: 'ds', type: 'datasource', query: 'prometheus' },
    {
      name: 'job',
      type: 'query',
      query: { query: 'label_values(up, job)', refId: 'x' },
      multi: false,
      current: { value: 'shop' },
    },
    {
      name: 'host',
      type: 'query',
      query: 'label_values(up{job="$job"}, instance)',
      multi: true,
      includeAll: true,
      current: { value: ['$__all'] },
    },
    { name: 'every', type: 'interval', query: '1m,5m,1h', current: { value: '5m' } },
    { name: 'kind', type: 'custom', query: 'Read : r, Write : w, a\\,b', current: { value: 'w' } },
    { name: 'free', type: 'textbox', query: 'start' },
    { name: 'broken', type: 'query', query: 'query_result(up{)' },
  ]);
  const range = { from: 0, to: 3_600_000 };

  test('in order, chained, from address, file or first', async () => {
    const resolved = await resolveVariables(
      variables,
      (name) => (name === 'job' ? ['node'] : undefined),
      source,
      range,
    );
    const by = Object.fromEntries(resolved.map(({ variable, value }) => [variable.name, value]));
    expect(by['ds']?.values).toEqual(['prunella']);
    expect(by['job']?.values).toEqual(['node']);
    expect(asked).toContain('instance of up{job="node"}');
    expect(by['host']).toEqual({
      values: ['h1:9100', 'h2:9100'],
      texts: ['h1:9100', 'h2:9100'],
      all: true,
      allValue: '',
    });
    expect(by['every']?.values).toEqual(['5m']);
    expect(by['kind']).toMatchObject({ values: ['w'], texts: ['Write'] });
    expect(by['free']?.values).toEqual(['start']);
    expect(
      resolved.find(({ variable }) => variable.name === 'kind')?.options.map((option) => option.value),
    ).toEqual(['r', 'w', 'a,b']);
  });
  test('a query that fails leaves its variable empty and says why', async () => {
    const resolved = await resolveVariables(variables, () => undefined, source, range);
    expect(resolved.at(-1)).toMatchObject({
      options: [],
      error: '1:3: parse error: unexpected end of input',
    });
  });
  test('several chosen values that exist are kept', async () => {
    const resolved = await resolveVariables(
      variables,
      (name) => (name === 'host' ? ['h2:9100', 'gone'] : undefined),
      source,
      range,
    );
    expect(resolved[2]?.value.values).toEqual(['h2:9100']);
  });
});
