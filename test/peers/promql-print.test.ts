/** How expressions are printed and described: `format_query` and `parse_query` beside the real ones. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatDecimal } from '@prunella/metrics';
import { describe as describeExpr, FEATURES, parse, prettyPrint, scriptExpressions } from '@prunella/promql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../acceptance/demo.ts';
import { freePort, Prometheus, prometheusVersion } from './prometheus.ts';
import { Grammar } from './promql-grammar.ts';
import { HAND_WRITTEN } from './promql-queries.ts';
import { Random } from './promql-random.ts';

const SEED = 5;
const GENERATED = 600;
const major = Number(/^\d+/.exec(prometheusVersion ?? '0')?.[0]);

const scripts = join(root, '../shared/conformance/promql');
const upstream = existsSync(scripts)
  ? readdirSync(scripts)
      .filter((name) => name.endsWith('.test'))
      .flatMap((name) => scriptExpressions(readFileSync(join(scripts, name), 'utf8')))
  : [];
const grammar = new Grammar(new Random(SEED), true);
const generated = Array.from({ length: GENERATED }, (_, i) => grammar.expression(2 + (i % 5)));
const special = readFileSync(join(import.meta.dirname, 'promql-print.txt'), 'utf8')
  .split('\n')
  .filter(Boolean);
const corpus = [...new Set([...upstream, ...HAND_WRITTEN, ...generated, ...special])];

/** What the peer prints so that it cannot be read again, or means something else, and what has another name now. */
const LEFT_OUT: readonly RegExp[] = [
  /ignoring ?\(\) ?group_/, // printed without the group
  /info\(.*\{\}/, // printed without braces
  /\binf ?\^/i, // printed with a sign, which then is the whole power's
  /holt_winters/, // until 3.0
  ...(major < 3 ? [/1e308/] : []), // 300 digits longer since then, and so parted into lines
];

describe.skipIf(prometheusVersion === undefined)(
  `expressions printed by Prometheus ${prometheusVersion ?? ''} (skipped without prometheus)`,
  () => {
    let dir: string;
    let peer: Prometheus;
    let url: string;
    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'prunella-promql-print-'));
      const config = join(dir, 'prometheus.yml');
      writeFileSync(config, '');
      const address = `127.0.0.1:${await freePort()}`;
      url = `http://${address}/api/v1`;
      const features =
        'promql-at-modifier,promql-negative-offset,promql-experimental-functions,promql-duration-expr';
      const flags = [`--web.listen-address=${address}`, `--enable-feature=${features}`];
      peer = await Prometheus.start(join(dir, 'data'), config, flags);
    }, 90_000);
    afterAll(async () => {
      await peer?.stop();
      rmSync(dir, { recursive: true, force: true });
    });

    const ask = async (path: string, query: string): Promise<unknown> => {
      const response = await fetch(`${url}/${path}`, {
        method: 'POST',
        body: new URLSearchParams({ query }),
      });
      const { status, data } = (await response.json()) as { status: string; data: unknown };
      return status === 'success' ? data : undefined;
    };

    test(`format_query of ${corpus.length} expressions`, { timeout: 300_000 }, async () => {
      const { compared, different } = await compareAll(async (expr) => {
        const theirs = await ask('format_query', expr);
        return theirs === undefined
          ? undefined
          : [unquoted(prettyPrint(read(expr))), unquoted(decimals(theirs as string))];
      });
      expect(different).toEqual([]);
      expect(compared).toBeGreaterThan(500);
    });

    test.skipIf(major < 3)(
      `parse_query of ${corpus.length} expressions (skipped before Prometheus 3)`,
      { timeout: 300_000 },
      async () => {
        const { compared, different } = await compareAll(async (expr) => {
          const theirs = await ask('parse_query', expr);
          return theirs === undefined ? undefined : [sorted(describeExpr(read(expr))), sorted(theirs)];
        });
        expect(different).toEqual([]);
        expect(compared).toBeGreaterThan(500);
      },
    );
  },
);

const read = (expr: string): ReturnType<typeof parse> => parse(expr, { features: FEATURES });

/** What the peer does not know is left out; what it knows we must. */
async function compareAll(
  ask: (expr: string) => Promise<readonly [ours: unknown, theirs: unknown] | undefined>,
): Promise<{ compared: number; different: unknown[] }> {
  let compared = 0;
  const different: unknown[] = [];
  for (const expr of corpus) {
    if (LEFT_OUT.some((pattern) => pattern.test(expr))) continue;
    const pair = await ask(expr);
    if (!pair) continue;
    compared++;
    const [ours, theirs] = pair.map((each) => JSON.stringify(each));
    if (ours !== theirs) different.push({ expr, ours, theirs });
  }
  return { compared, different };
}

/** Before 3.0 some numbers are printed with exponents. */
function decimals(text: string): string {
  return text.replace(/[\d.]+e[+-]\d+/g, (number) => formatDecimal(Number(number)));
}

/** Prometheus 3.5 forgets the quotes of labels that two sides are matched on. */
function unquoted(text: string): string {
  return text.replace(/(on|ignoring|group_left|group_right) \([^)]*\)/g, (list) => list.replaceAll('"', ''));
}

/** With keys in order, and without the texts of computed durations, which Prometheus does not tell. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !/^(range|step|offset)Expr$/.test(key));
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]),
  );
}
