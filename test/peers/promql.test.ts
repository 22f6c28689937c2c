import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRuleFile } from '@prunella/rules';
import { root } from '../acceptance/demo.ts';
import { ask, difference, type Answer, type Question } from './promql-compare.ts';
import { BASE } from './promql-data.ts';
import { Grammar } from './promql-grammar.ts';
import { modern, peerVersion, startSides, type Sides } from './promql-peers.ts';
import { HAND_WRITTEN } from './promql-queries.ts';
import { Random } from './promql-random.ts';
import { asThePeer, hasTies, leftOut } from './promql-left-out.ts';

/** More for a night, and another seed: the one that failed is in the report. */
const COUNT = Number(process.env.PROMQL_QUERIES ?? 1000);
const SEED = Number(process.env.PROMQL_SEED ?? 7);
const DEPTH = 4;
const AT_ONCE = 4;
const HOUR = 3_600_000;

const ruleFolder = join(root, 'config/rules');
const FROM_RULES = readdirSync(ruleFolder)
  .filter((name) => name.endsWith('.yml'))
  .flatMap((name) => parseRuleFile(readFileSync(join(ruleFolder, name), 'utf8'), name).groups)
  .flatMap((group) => group.rules.map((rule) => rule.expr));

/** What one question came to. */
interface Verdict {
  readonly question: Question;
  readonly difference: string | undefined;
  /** Uncertain is what the peer's release computes otherwise. */
  readonly outcome: 'empty' | 'answered' | 'refused' | 'uncertain';
}

describe.skipIf(peerVersion === undefined)(
  `our answers and those of the real Prometheus ${peerVersion ?? ''} on the same samples (skipped without prometheus)`,
  () => {
    let sides: Sides;
    beforeAll(async () => {
      sides = await startSides();
      expect(sides.series).toBeGreaterThan(2000);
    });
    afterAll(() => sides?.stop());

    const judge = async (question: Question): Promise<Verdict> => {
      const [ours, theirs] = await Promise.all([ask(sides.ours, question), ask(sides.theirs, question)]);
      const mine = asThePeer(ours, theirs);
      if (mine === undefined) return { question, difference: undefined, outcome: 'uncertain' };
      const order = question.step === undefined ? orderOf(question.expr) : 'labels';
      const found = difference(mine, theirs, { order, annotations: modern });
      return { question, difference: found, outcome: outcomeOf(theirs) };
    };

    for (const expr of new Set([...HAND_WRITTEN, ...FROM_RULES])) {
      const reason = leftOut(expr);
      test.skipIf(reason !== undefined)(reason ? `${expr} (left out: ${reason})` : expr, async () => {
        for (const question of questions(expr, new Random(SEED)))
          expect((await judge(question)).difference, JSON.stringify(question)).toBeUndefined();
      });
    }

    test(`${COUNT} generated queries, seed ${SEED}`, { timeout: 3_600_000 }, async () => {
      const random = new Random(SEED);
      const grammar = new Grammar(random, modern);
      const asked: Question[] = [];
      const left = new Map<string, number>();
      while (asked.length < 2 * COUNT) {
        const expr = grammar.expression(1 + random.below(DEPTH));
        const reason = leftOut(expr);
        if (reason === undefined) asked.push(...questions(expr, random).filter((each) => !hasTies(each)));
        else left.set(reason, (left.get(reason) ?? 0) + 1);
      }
      const verdicts = await inParallel(asked, judge);
      const share = (outcome: Verdict['outcome']): string =>
        `${((100 * verdicts.filter((each) => each.outcome === outcome).length) / verdicts.length).toFixed(1)} %`;
      console.log(
        `seed ${SEED}: ${verdicts.length} questions, ${share('answered')} answered with series, ${share('empty')} with nothing, ${share('refused')} refused, ${share('uncertain')} beyond the peer`,
      );
      for (const [reason, count] of left) console.log(`left out ${count}: ${reason}`);
      const different = verdicts.filter((each) => each.difference !== undefined);
      const report = different.map((each) => `${JSON.stringify(each.question)}\n    ${each.difference}`);
      expect(different.length, `\n${report.slice(0, REPORTED).join('\n')}\n`).toBe(0);
    });
  },
);

const REPORTED = Number(process.env.PROMQL_REPORTED ?? 20);

/** An expression as an instant and as a range query. */
function questions(expr: string, random: Random): Question[] {
  // Old releases closed ranges on the left: their queries look between samples.
  const aside = modern && random.chance(0.4) ? 0 : 777;
  // Releases before 3.0 extrapolate otherwise where the first samples are.
  const start = BASE + random.of(modern ? [0.4, 2.6, 3.1, 5.2, 5.98] : [3.3, 4.1, 5.2, 5.98]) * HOUR + aside;
  const [from, length, step] = random.of([
    [modern ? 1 : 4, 1.5, 97_000],
    [modern ? 0 : 3.2, modern ? 6 : 2.8, 600_000],
    [3.9, 0.25, 15_000],
    [4.5, 2, 240_000],
    [modern ? 1.2 : 3.5, 0.5, 60_000],
  ]) as [number, number, number];
  const first = BASE + from * HOUR + aside;
  return [
    { expr, start },
    { expr, start: first, end: first + length * HOUR, step },
  ];
}

/** The order of a vector is said by the function on the outside, and by nothing else. */
function orderOf(expr: string): 'values' | 'labels' | 'best' | 'none' {
  const outside = expr.replace(/^[\s(]+/, '');
  if (!spansAll(outside)) return 'none';
  if (outside.startsWith('sort_by_label')) return 'labels';
  if (/^(topk|bottomk) *\(/.test(outside)) return 'best';
  return /^sort(_desc)? *\(/.test(outside) ? 'values' : 'none';
}

/** Whether a call is all that there is, but for parentheses around it. */
function spansAll(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')' && --depth === 0) return /^[\s)]*$/.test(text.slice(i));
  }
  return false;
}

function outcomeOf({ errorType, data }: Answer): Verdict['outcome'] {
  if (errorType !== undefined) return 'refused';
  return Array.isArray(data?.result) && data.result.length === 0 ? 'empty' : 'answered';
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
