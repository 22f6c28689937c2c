/**
 * A million expressions with accidents in them: each is refused with a place, or comes back from print() and
 * prettyPrint() as the same tree, and none takes long. PROMQL_FUZZ sets how many, PROMQL_FUZZ_SEED which.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  describe as describeExpr,
  FEATURES,
  parse,
  ParseError,
  prettyPrint,
  print,
  scriptExpressions,
  typeOf,
  type Expr,
} from '@prunella/promql';
import { expect, test } from 'vitest';
import { root } from '../acceptance/demo.ts';
import { Random } from '../peers/promql-random.ts';
import { mutated, SEEDS } from './promql-mutate.ts';

const COUNT = Number(process.env.PROMQL_FUZZ ?? (process.env.CI ? 1_000_000 : 100_000));
const SEED = Number(process.env.PROMQL_FUZZ_SEED ?? 4);
const SLOW_MS = 500;

const folder = join(root, '../shared/conformance/promql');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.test')) : [];
const upstream = files.flatMap((name) => scriptExpressions(readFileSync(join(folder, name), 'utf8')));
const corpus = [...SEEDS, ...new Set(upstream)];

test(`${COUNT} mutations of ${corpus.length} expressions, seed ${SEED}`, { timeout: 3_600_000 }, () => {
  const random = new Random(SEED);
  let valid = 0;
  let slowest = { took: 0, text: '' };
  for (let i = 0; i < COUNT; i++) {
    const text = mutated(random.of(corpus), corpus, random);
    let [took, survived] = timed(text);
    // What takes long takes long again; a busy machine need not.
    if (took > SLOW_MS) [took, survived] = timed(text);
    if (took > SLOW_MS) throw new Error(`${took} ms for ${JSON.stringify(text)}`);
    if (survived) valid++;
    if (took > slowest.took) slowest = { took, text };
  }
  console.log(
    `seed ${SEED}: ${COUNT} inputs, ${((100 * valid) / COUNT).toFixed(1)} % valid, slowest ${slowest.took.toFixed(1)} ms: ${slowest.text.slice(0, 200)}`,
  );
  expect(valid).toBeGreaterThan(COUNT / 20);
});

function timed(text: string): [ms: number, survived: boolean] {
  const started = performance.now();
  const survived = survives(text);
  return [performance.now() - started, survived];
}

/** @returns whether the text is an expression. @throws where it does not survive */
function survives(text: string): boolean {
  let expr: Expr;
  try {
    expr = parse(text, { features: FEATURES });
  } catch (error) {
    if (error instanceof ParseError && /^(unknown position|\d+:\d+): parse error: ./.test(error.message))
      return false;
    throw new Error(`${JSON.stringify(text)} is not refused but fails`, { cause: error });
  }
  const tree = shape(expr);
  JSON.stringify(describeExpr(expr));
  for (const printed of [print(expr), prettyPrint(expr)]) {
    let again: string;
    try {
      again = shape(parse(printed, { features: FEATURES }));
    } catch (error) {
      throw new Error(`${JSON.stringify(text)} prints as ${JSON.stringify(printed)}, which is refused`, {
        cause: error,
      });
    }
    if (again !== tree)
      throw new Error(`${JSON.stringify(text)} prints as ${JSON.stringify(printed)}\n${tree}\n${again}`);
  }
  return true;
}

/** The tree as text: without places, without the order of matchers, without `on ()` where nothing is matched. */
function shape(expr: Expr): string {
  return JSON.stringify(expr, (key, value: unknown) => {
    if (key === 'span') return undefined;
    if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
    if (key === 'matchers') return (value as readonly unknown[]).map(String).sort();
    const { kind } = (value ?? {}) as Partial<Expr>;
    // In the order in which they were written.
    if (kind === 'selector' || kind === 'subquery')
      return Object.fromEntries(Object.entries(value as Expr).sort(([a], [b]) => (a < b ? -1 : 1)));
    if (kind !== 'binary') return value;
    const { left, right, matching, ...rest } = value as Extract<Expr, { kind: 'binary' }>;
    const vectors = typeOf(left) === 'vector' && typeOf(right) === 'vector';
    return { ...rest, left, right, ...(vectors && { matching }) };
  });
}
