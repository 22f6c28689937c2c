import { expect, test } from 'vitest';
import { describe, parse, prettyPrint } from './index.ts';

const LONG = 'a_rather_long_metric_name_total{label="value",other="value2"}';

test('what fits on a line stays on it', () => {
  expect(prettyPrint(parse('sum(rate(a[5m])) by (job)'))).toBe('sum by (job) (rate(a[5m]))');
});

test('what does not is parted at its outermost operators first', () => {
  const query = `topk(3, sum by (job) (rate(${LONG}[5m])) / on (job) group_left () max by (job) (-${LONG}))`;
  expect(prettyPrint(parse(query))).toBe(`topk(
  3,
    sum by (job) (rate(${LONG}[5m]))
  / on (job) group_left ()
    max by (job) (-${LONG})
)`);
});

test('a sign stays with what it changes', () => {
  expect(prettyPrint(parse(`-(${LONG} + ${LONG})`))).toBe(`-(
    ${LONG}
  +
    ${LONG}
)`);
});

test('a tree in the JSON of parse_query', () => {
  expect(describe(parse('topk(1, a{b=~"c"} @ 5 offset 1m) > bool 2'))).toEqual({
    type: 'binaryExpr',
    op: '>',
    bool: true,
    matching: null,
    lhs: {
      type: 'aggregation',
      op: 'topk',
      param: { type: 'numberLiteral', val: '1' },
      grouping: [],
      without: false,
      expr: {
        type: 'vectorSelector',
        name: 'a',
        matchers: [
          { type: '=~', name: 'b', value: 'c' },
          { type: '=', name: '__name__', value: 'a' },
        ],
        offset: 60_000,
        timestamp: 5000,
        startOrEnd: null,
      },
    },
    rhs: { type: 'numberLiteral', val: '2' },
  });
  expect(describe(parse('rate(a[5m:])'))).toMatchObject({
    type: 'call',
    func: { name: 'rate', argTypes: ['matrix'], variadic: 0, returnType: 'vector' },
    args: [{ type: 'subquery', range: 300_000, step: 0, offset: 0 }],
  });
});
