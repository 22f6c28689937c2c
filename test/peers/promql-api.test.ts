import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modern, peerVersion, startSides, type Sides } from './promql-peers.ts';
import { REQUESTS, type ApiRequest } from './promql-requests.ts';

/** Requests that are not compared, and why. */
const LEFT_OUT: readonly (readonly [(request: string) => boolean, string])[] = [
  [(request) => /^query\?query=1(&time=)?$/.test(request), 'the answer is of now'],
  [
    (request) => /time=(NaN|Inf|-9223372036854775807|1e30|-62135596800|0001-.*)|end=1e30/.test(request),
    'a time that no int64 of nanoseconds holds, which Go turns into another one',
  ],
  [(request) => /step=0.0001/.test(request), 'the peer divides by zero and says so'],
  [(request) => /topk\(NaN/.test(request), 'other words since 3.6'],
  [
    (request) => /^label.*start=1700114400/.test(request),
    'names and values in memory are told whatever the time',
  ],
];

/** Releases before 3.0 have no limits, fewer routes and other words: with them only statuses are compared. */
const UNKNOWN_TO_OLD =
  /limit|lookback_delta|format_query|parse_query|U__|%C3|double_exp|holt_winters|%zz|timeout=999|step=999|"a b"|a-b|%20/;

describe.skipIf(peerVersion === undefined)(
  `the query API beside that of the real Prometheus ${peerVersion ?? ''} (skipped without prometheus)`,
  () => {
    let sides: Sides;
    beforeAll(async () => {
      sides = await startSides();
    });
    afterAll(() => sides?.stop());

    for (const { path, query } of REQUESTS) {
      const name = `${path}?${query}`;
      const reason =
        LEFT_OUT.find(([applies]) => applies(name))?.[1] ??
        (!modern && UNKNOWN_TO_OLD.test(name) ? 'unknown to old releases' : undefined);
      test.skipIf(reason !== undefined)(reason ? `${name} (left out: ${reason})` : name, async () => {
        for (const method of METHODS_OF.get(path) ?? ['GET', 'POST']) {
          const [ours, theirs] = await Promise.all([
            send(sides.ours, method, { path, query }),
            send(sides.theirs, method, { path, query }),
          ]);
          expect(ours, method).toEqual(theirs);
        }
      });
    }

    test('there are more than 200 requests', () => expect(REQUESTS.length).toBeGreaterThan(200));
  },
);

const METHODS_OF: ReadonlyMap<string, readonly string[]> = new Map([
  ['metadata', ['GET']],
  ...REQUESTS.filter(({ path }) => path.startsWith('label/')).map(({ path }) => [path, ['GET']] as const),
]);

/** What can be compared of an answer. */
async function send(address: string, method: string, { path, query }: ApiRequest): Promise<unknown> {
  const url = `${address}/api/v1/${path}`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await (method === 'GET'
    ? fetch(`${url}?${query}`)
    : fetch(url, { method, headers, body: query }));
  const text = await answer.text();
  const { status } = answer;
  if (text === '') return { status };
  const body = JSON.parse(text) as { errorType?: string; error?: string; data?: unknown };
  // Labels of duplicates are written without the name in front by some releases.
  const error = body.error?.replaceAll(/\[.*\]/g, '[…]');
  if (!modern) return { status, errorType: body.errorType };
  // In which order series are found is nobody's affair.
  const data =
    path === 'series' && Array.isArray(body.data)
      ? body.data.map((each) => JSON.stringify(each)).sort()
      : body.data;
  return { status, ...body, error, data };
}
