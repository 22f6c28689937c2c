import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command } from './query.ts';

let server: Server;
let url: string;
let asked: { path: string; params: URLSearchParams; headers: unknown } | undefined;
let answer: unknown;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => {
      const { pathname, search } = new URL(request.url ?? '', 'http://x');
      asked = { path: pathname, params: new URLSearchParams(body || search), headers: request.headers };
      response.end(typeof answer === 'string' ? answer : JSON.stringify({ status: 'success', data: answer }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

async function run(...args: string[]): Promise<{ code: number; out: string[]; err: string[] }> {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
    env: {},
    signal: new AbortController().signal,
  };
  return { code: await command.run(args, io), out, err };
}

const vector = {
  resultType: 'vector',
  result: [
    { metric: { __name__: 'up', job: 'a"b' }, value: [1_700_000_000, '1'] },
    {
      metric: { __name__: 'h' },
      histogram: [
        1_700_000_000.5,
        {
          count: '3',
          sum: '4',
          buckets: [
            [0, '1', '2', '2'],
            [3, '-1', '1', '1'],
          ],
        },
      ],
    },
  ],
};
const matrix = {
  resultType: 'matrix',
  result: [
    {
      metric: { job: 'a' },
      values: [
        [1, '1'],
        [2, '+Inf'],
      ],
    },
  ],
};

test.each<[string, unknown, string[]]>([
  [
    'table',
    vector,
    [
      'up{job="a\\"b"}                           1  2023-11-14T22:13:20.000Z',
      'h                {count:3, sum:4, (1,2]:2, [-1,1]:1}  2023-11-14T22:13:20.500Z',
    ],
  ],
  [
    'promql',
    vector,
    ['up{job="a\\"b"} => 1 @[1700000000]', 'h => {count:3, sum:4, (1,2]:2, [-1,1]:1} @[1700000000.5]'],
  ],
  [
    'csv',
    vector,
    [
      '__name__,job,time,value',
      'up,"a""b",1700000000,1',
      'h,,1700000000.5,"{count:3, sum:4, (1,2]:2, [-1,1]:1}"',
    ],
  ],
  ['json', { resultType: 'scalar', result: [5, '2'] }, ['{"resultType":"scalar","result":[5,"2"]}']],
  ['promql', { resultType: 'scalar', result: [5, '2'] }, ['scalar: 2 @[5]']],
  ['promql', matrix, ['{job="a"} =>', '1 @[1]', '+Inf @[2]']],
  ['csv', matrix, ['job,time,value', 'a,1,1', 'a,2,+Inf']],
  ['table', { resultType: 'vector', result: [] }, []],
])('an answer as %s', async (format, data, lines) => {
  answer = data;
  const { code, out } = await run(
    'instant',
    `--format=${format}`,
    '--time=2023-11-14T22:13:20Z',
    url,
    'up + 1',
  );
  expect([code, out.map((line) => line.replace(/ {2,}/g, '  '))]).toEqual([
    0,
    lines.map((line) => line.replace(/ {2,}/g, '  ')),
  ]);
  expect(asked!.path).toBe('/api/v1/query');
  expect(Object.fromEntries(asked!.params)).toEqual({ query: 'up + 1', time: '1700000000' });
});

test('range, series and labels ask for what was meant', async () => {
  answer = matrix;
  await run(
    'range',
    '--url',
    url,
    '--start=100',
    '--end=2100',
    '--step=1m',
    '--header=X-Scope-OrgID=t',
    'up',
  );
  expect(asked).toMatchObject({ path: '/api/v1/query_range', headers: { 'x-scope-orgid': 't' } });
  expect(Object.fromEntries(asked!.params)).toEqual({ query: 'up', start: '100', end: '2100', step: '60' });
  await run('range', '--start=100', '--end=2100', `${url}/`, 'up');
  expect(asked!.params.get('step')).toBe('8');
  answer = [{ __name__: 'up', job: 'a' }];
  expect((await run('series', '--match=up', '--match={job="a"}', '--start=5', url)).out).toEqual([
    'up{job="a"}',
  ]);
  expect(asked!.params.toString()).toBe('match%5B%5D=up&match%5B%5D=%7Bjob%3D%22a%22%7D&start=5');
  answer = ['a', 'b,c'];
  expect((await run('labels', '-o', 'csv', url, 'job')).out).toEqual(['value', 'a', '"b,c"']);
  expect(asked!.path).toBe('/api/v1/label/job/values');
});

test('what is wrong is said', async () => {
  answer = '{"status":"error","errorType":"bad_data","error":"1:1: parse error"}';
  expect(await run('instant', url, '(')).toEqual({ code: 1, out: [], err: ['1:1: parse error'] });
  answer = '<html>';
  expect((await run('instant', url, 'up')).err[0]).toContain('does not speak');
  expect((await run('instant', 'http://127.0.0.1:2', 'up')).err[0]).toContain('ECONNREFUSED');
  await expect(run('instant')).rejects.toThrow('one expression, please');
  await expect(run('instant', '--format=xml', 'up')).rejects.toThrow('--format');
  await expect(run('instant', '--time=soon', 'up')).rejects.toThrow('--time');
  await expect(run('range', '--step=x', 'up')).rejects.toThrow('--step');
  await expect(run('series')).rejects.toThrow('--match');
  await expect(run('explain', 'up')).rejects.toThrow('expected instant');
});
