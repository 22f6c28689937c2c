import { describe, expect, test } from 'vitest';
import { runScript } from './run.ts';

const LOAD = `load 1m
  m{a="1"} 1+1x10
  m{a="2"} 5x10
  g 0x10
  h {{schema:0 sum:5 count:4 buckets:[1 2 1]}}x10

`;

async function outcome(evals: string): Promise<{ passed: number; reasons: string[] }> {
  const { passed, failures } = await runScript(LOAD + evals);
  return { passed, reasons: failures.map(({ reason }) => reason) };
}

describe('runScript()', () => {
  test.each([
    ['a vector', 'eval instant at 5m m\n  m{a="1"} 6\n  m{a="2"} 5\n'],
    ['a scalar', 'eval instant at 5m 1 + 1\n  2\n'],
    ['a string', 'eval instant at 0 "x"\n  expect string "x"\n'],
    ['nothing', 'eval instant at 5m nothing\n'],
    ['steps, and gaps between them', 'eval range from 0 to 4m step 2m m{a="1"} > 1\n  m{a="1"} _ 3 5\n'],
    ['a histogram', 'eval instant at 5m h\n  h {{schema:0 sum:5 count:4 buckets:[1 2 1]}}\n'],
    ['an order', 'eval instant at 5m sort_desc(m)\n  expect ordered\n  m{a="1"} 6\n  m{a="2"} 5\n'],
    ['a failure', 'eval instant at 0 topk(NaN, m)\n  expect fail msg: Parameter value is NaN\n'],
    [
      'a warning',
      'eval instant at 5m quantile(2, g)\n  expect warn regex: between 0 and 1, got 2\n  {} Inf\n',
    ],
    ['a range vector', 'eval instant at 0 g[2m]\n  expect range vector from 1m to 2m step 1m\n  g 0 0\n'],
    [
      'the old words',
      'eval_fail instant at 0 topk(NaN, m)\n  expected_fail_message Parameter value is NaN\n',
    ],
  ])('passes %s', async (_, evals) => {
    expect(await outcome(evals)).toEqual({ passed: 1, reasons: [] });
  });

  test.each([
    ['another value', 'eval instant at 5m m\n  m{a="1"} 6.1\n  m{a="2"} 5\n', /got 6, want 6.1/],
    ['what is nearly zero', 'eval instant at 5m g\n  g 1e-300\n', /got 0, want 1e-300/],
    ['a series too few', 'eval instant at 5m m\n  m{a="1"} 6\n', /unexpected series m\{a="2"\}/],
    ['a series too many', 'eval instant at 5m g\n  g 0\n  g{x="y"} 0\n', /no series g\{x="y"\}/],
    ['another label', 'eval instant at 5m g\n  g{x="y"} 0\n', /no series/],
    [
      'a value where there is none',
      'eval range from 0 to 2m step 1m m{a="1"} > 1\n  m{a="1"} 1 2 3\n',
      /step 0/,
    ],
    ['a value that is not expected', 'eval range from 0 to 2m step 1m g\n  g 0 _ 0\n', /step 1/],
    [
      'another order',
      'eval instant at 5m sort(m)\n  expect ordered\n  m{a="1"} 6\n  m{a="2"} 5\n',
      /position/,
    ],
    ['another histogram', 'eval instant at 5m h\n  h {{schema:0 sum:5 count:4 buckets:[1 1 2]}}\n', /want/],
    ['a float for a histogram', 'eval instant at 5m h\n  h 5\n', /want 5/],
    ['a failure that does not come', 'eval instant at 5m g\n  expect fail\n', /it did not/],
    ['another failure', 'eval instant at 0 topk(NaN, m)\n  expect fail msg: too bad\n', /too bad/],
    ['a failure that is not expected', 'eval instant at 0 topk(NaN, m)\n', /Parameter value is NaN/],
    ['what does not parse', 'eval instant at 0 sum(\n', /unclosed left parenthesis/],
    ['a warning that does not come', 'eval instant at 5m g\n  expect warn\n  g 0\n', /expected warn/],
    [
      'a warning too many',
      'eval instant at 5m quantile(2, g)\n  expect no_warn\n  {} Inf\n',
      /unexpected warn/,
    ],
    [
      'another warning',
      'eval instant at 5m quantile(2, g)\n  expect warn msg: x\n  {} Inf\n',
      /expected warn x/,
    ],
    ['another string', 'eval instant at 0 "x"\n  expect string "y"\n', /got the string "x"/],
    ['an expectation of no kind', 'eval instant at 5m g\n  expect luck\n  g 0\n', /unknown expectation/],
  ])('fails on %s', async (_, evals, reason) => {
    const { passed, reasons } = await outcome(evals);
    expect(passed).toBe(0);
    expect(reasons).toEqual([expect.stringMatching(reason)]);
  });

  test.each([
    ['evil instant at 0 g\n', /unknown command/],
    ['load 1m\n  g{ 1 2\n', /parse error/],
    ['load 1m\n  g 1+x\n', /bad value/],
    ['load 1m\n  g 1 2\n', /out of order sample of g/],
  ])('what cannot be run fails all that follows: %j', async (command, reason) => {
    const { passed, reasons } = await outcome(
      `eval instant at 5m g\n  g 0\n\n${command}\neval instant at 5m g\n  g 0\n`,
    );
    expect(passed).toBe(1);
    expect(reasons).toEqual([expect.stringMatching(reason), expect.stringMatching(reason)]);
  });

  test('clear begins anew', async () => {
    expect(await outcome('clear\n\neval instant at 5m g\n')).toEqual({ passed: 1, reasons: [] });
  });
});
