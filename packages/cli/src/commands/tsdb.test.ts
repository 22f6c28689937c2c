import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { command } from './tsdb.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'prunella-cli-tsdb-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const lines = Array.from(
    { length: 200 },
    (_, i) => `room_temperature{room="r${i % 2}"} ${i} ${1_700_000_000 + i * 60}`,
  );
  await writeFile(join(dir, 'in.om'), `# TYPE room_temperature gauge\n${lines.join('\n')}\n# EOF\n`);
});

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

test('blocks are made of a file, listed, analysed and dumped', async () => {
  const data = join(dir, 'data');
  const created = await run('create-blocks', join(dir, 'in.om'), data);
  expect(created.code).toBe(0);
  expect(created.out).toHaveLength(3);
  expect((await run('create-blocks', '-q', join(dir, 'in.om'), join(dir, 'other'))).out).toEqual([]);
  const listed = await run('list', '--human-readable', data);
  expect(listed.out[1]).toMatch(
    /^[0-9A-Z]{26} {2}2023-11-14 22:00:00 \+0000 UTC {2}2023-11-15 00:00:00 \+0000 UTC {2}2h0m0s {7}107 +2 +2 +\d/,
  );
  const analysed = await run('analyze', '--limit=1', data);
  expect(analysed.out.slice(1, 6)).toEqual([
    'Duration: 2h0m0s',
    'Total Series: 2',
    'Label names: 2',
    'Postings (unique label pairs): 3',
    'Postings entries (total label pairs): 4',
  ]);
  expect(analysed.out.slice(-2)).toEqual(
    ['Highest cardinality metric names:', '2 room_temperature'].map((line) => expect.stringContaining(line)),
  );
  const dumped = await run('dump', '--match={room="r1"}', '--max-time=1700000200000', data);
  expect(dumped).toEqual({
    code: 0,
    out: [1, 3].map(
      (i) => `{__name__="room_temperature", room="r1"} ${i} ${(1_700_000_000 + i * 60) * 1000}`,
    ),
    err: [],
  });
});

test('what was dumped as OpenMetrics makes the same blocks again', async () => {
  const [data, twin] = [join(dir, 'data'), join(dir, 'twin')];
  await run('create-blocks', join(dir, 'in.om'), data);
  const dumped = await run('dump-openmetrics', data);
  expect(dumped.out[0]).toBe('room_temperature{room="r0"} 0 1700000000.000');
  expect(dumped.out.at(-1)).toBe('# EOF');
  await writeFile(join(dir, 'again.om'), dumped.out.join('\n'));
  await run('create-blocks-from', 'openmetrics', join(dir, 'again.om'), twin);
  expect((await run('dump', twin)).out).toEqual((await run('dump', data)).out);
  expect((await run('dump', data)).out).toHaveLength(200);
});

test('of several selectors any may match, each series is printed once', async () => {
  const data = join(dir, 'data');
  await run('create-blocks', join(dir, 'in.om'), data);
  const { out } = await run('dump', '--match={room="r1"}', '--match=room_temperature', data);
  expect(out).toHaveLength(200);
});

test('analyze --extended tells how full the chunks are', async () => {
  const data = join(dir, 'data');
  await run('create-blocks', join(dir, 'in.om'), data);
  const { out } = await run('analyze', '--extended', data);
  // 47 and 46 samples in the newest block, of 120.
  expect(out.slice(-10).filter((line) => line.includes('#'))).toEqual([`     40%: ${'#'.repeat(100)}`]);
});

test('what is wrong is said', async () => {
  expect(await run('list', join(dir, 'nowhere'))).toMatchObject({
    code: 1,
    err: [expect.stringContaining('no such directory')],
  });
  await writeFile(join(dir, 'bad.om'), 'a 1\n# EOF\n');
  expect(await run('create-blocks', join(dir, 'bad.om'), dir)).toMatchObject({
    code: 1,
    err: [expect.stringContaining('without a timestamp')],
  });
  await expect(run('list', dir, dir)).rejects.toThrow('name one data directory');
  await expect(run('create-blocks-from', 'rules')).rejects.toThrow('--start');
  await expect(run('create-blocks-from', 'rules', '--start=x', 'f')).rejects.toThrow('neither a time');
  const unreadable = await run('create-blocks-from', 'rules', '--start=1', join(dir, 'none.yml'));
  expect(unreadable).toMatchObject({ code: 1, err: [expect.stringContaining('none.yml')] });
  await expect(run('mend', dir)).rejects.toThrow('expected list');
  await expect(run('dump', '--match={', dir)).rejects.toThrow('--match');
});
