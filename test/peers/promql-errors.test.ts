/**
 * What is wrong with an expression, in Prometheus's words and at its place: each line of two files is refused (or, a few,
 * taken) by both sides alike. Not among them, for upstream's words there are accidents: a token without a name
 * (`"<Item 57400>" <op:@>`), letters between brackets that pass for a colon, an offset of NaN.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, ParseError } from '@prunella/promql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mutated } from '../conformance/promql-mutate.ts';
import { freePort, Prometheus, prometheusVersion } from './prometheus.ts';
import { HAND_WRITTEN } from './promql-queries.ts';
import { Random } from './promql-random.ts';

const read = (name: string): string[] =>
  readFileSync(join(import.meta.dirname, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replaceAll('⏎', '\n'));

const EVERYWHERE = read('promql-bad.txt');
/** Prometheus 2 does not know what these are about: quoted names, numbers for durations, newer functions. */
const SINCE_3 = read('promql-bad-newer.txt');
/** Started from by accidents: what people ask. */
const SOUND = [...HAND_WRITTEN];
const MUTATIONS = Number(process.env.PROMQL_REFUSALS ?? 3000);
const SEED = Number(process.env.PROMQL_SEED ?? 7);
/** Words that newer releases give a meaning, characters that are no text, and offsets below a millisecond. */
const NOT_COMPARED =
  /fill|anchored|smoothed|<\/|>\/|step|range|start|end|(min|max)_of|first_over_time|ts_of|quantiles|info|limit|mad_|sort_by|double_|holt|NaN|e-|[\ud800-\udfff\ufffd]/iu;
/** What is left out of the files too. */
const ACCIDENTAL = /<op:@>|in duration expression: '[a-zA-Z_]'/;
/** The peer has a few crashes of its own. */
const CRASH = 'unexpected error';
const modern = !/^[012]\./.test(prometheusVersion ?? '');

describe('the table', () => {
  test('is long enough', () => expect(EVERYWHERE.length + SINCE_3.length).toBeGreaterThan(400));
});

describe.skipIf(prometheusVersion === undefined)(
  `refusals beside Prometheus ${prometheusVersion ?? ''} (skipped without prometheus)`,
  () => {
    let dir: string;
    let peer: Prometheus;
    let url: string;
    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'prunella-promql-errors-'));
      const config = join(dir, 'prometheus.yml');
      writeFileSync(config, '');
      const address = `127.0.0.1:${await freePort()}`;
      url = `http://${address}/api/v1/query`;
      // On by default since 3.14.
      const flags = [`--web.listen-address=${address}`, '--enable-feature=promql-duration-expr'];
      peer = await Prometheus.start(join(dir, 'data'), config, flags);
    }, 90_000);
    afterAll(async () => {
      await peer?.stop();
      rmSync(dir, { recursive: true, force: true });
    });

    const theirs = async (query: string): Promise<string> => {
      const response = await fetch(url, { method: 'POST', body: new URLSearchParams({ query }) });
      const { errorType, error = '' } = (await response.json()) as { errorType?: string; error?: string };
      return errorType === 'bad_data' ? error.replace('invalid parameter "query": ', '') : 'accepted';
    };

    test.each(EVERYWHERE)('%j', async (expr) => {
      expect(ours(expr)).toBe(durationsAlike(await theirs(expr)));
    });

    test.skipIf(!modern)(
      `${MUTATIONS} expressions with accidents in them, seed ${SEED} (skipped before Prometheus 3)`,
      { timeout: 600_000 },
      async () => {
        const random = new Random(SEED);
        const different: unknown[] = [];
        for (let asked = 0; asked < MUTATIONS;) {
          const expr = mutated(random.of(SOUND), SOUND, random);
          const mine = ours(expr);
          if (NOT_COMPARED.test(expr) || ACCIDENTAL.test(mine)) continue;
          asked++;
          const other = durationsAlike(await theirs(expr));
          if (other !== mine && other !== CRASH) different.push({ expr, mine, other });
        }
        expect(different).toEqual([]);
      },
    );

    describe.skipIf(!modern)('what only Prometheus 3 knows (skipped beside an older one)', () => {
      test.each(SINCE_3)('%j', async (expr) => {
        expect(ours(expr)).toBe(durationsAlike(await theirs(expr)));
      });
    });
  },
);

function ours(expr: string): string {
  try {
    parse(expr);
    return 'accepted';
  } catch (error) {
    if (error instanceof ParseError) return durationsAlike(error.message);
    throw error;
  }
}

/** Every few releases more may stand where a duration stands; we name all that may in the newest. */
function durationsAlike(message: string): string {
  return message.replace(/, expected (number|duration).*$/, ', expected a duration');
}
