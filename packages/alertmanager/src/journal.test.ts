import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Journal } from './journal.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'prunella-journal-'));
});
afterEach(() => rm(directory, { recursive: true }));

const path = (): string => join(directory, 'a.journal');

describe('Journal', () => {
  test('gives back what was appended, in order', async () => {
    const { journal } = await Journal.open<number>(path());
    await Promise.all(Array.from({ length: 100 }, (_, i) => journal.append(i)));
    await journal.append(100);
    await journal.close();
    const { journal: again, records, damaged } = await Journal.open<number>(path());
    await again.close();
    expect(records).toEqual(Array.from({ length: 101 }, (_, i) => i));
    expect(damaged).toBe(0);
  });

  test('a crash at any byte loses only the record being written, and later ones survive', async () => {
    const { journal } = await Journal.open<{ text: string }>(path());
    for (const text of ['one', 'two\nlines', 'thrée']) await journal.append({ text });
    await journal.close();
    const whole = await readFile(path());
    const ends = [...whole.entries()].filter(([, byte]) => byte === 10).map(([at]) => at + 1);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), async (size) => {
        await writeFile(path(), whole);
        await truncate(path(), size);
        const { journal: reopened, records } = await Journal.open<{ text: string }>(path());
        const complete = ends.filter((end) => end <= size).length;
        // A line without its newline is complete all the same when every other byte is there.
        expect([complete, complete + 1]).toContain(records.length);
        await reopened.append({ text: 'after' });
        await reopened.close();
        const again = await Journal.open<{ text: string }>(path());
        expect(again.records.slice(records.length)).toEqual([{ text: 'after' }]);
        await again.journal.close();
      }),
      { numRuns: 30 },
    );
  });

  test('skips and counts a line whose bytes have changed', async () => {
    await appendFile(path(), '00000000 {"a":1}\n');
    const { journal, records, damaged } = await Journal.open(path());
    expect({ records, damaged }).toEqual({ records: [], damaged: 1 });
    await journal.close();
  });

  test('rewrite() replaces the records, and appends around it follow', async () => {
    const { journal } = await Journal.open<string>(path());
    await journal.append('old');
    const before = journal.append('superseded');
    const rewritten = journal.rewrite(['live']);
    const after = journal.append('new');
    await Promise.all([before, rewritten, after]);
    expect(journal.lines).toBe(2);
    await journal.close();
    const { journal: again, records } = await Journal.open<string>(path());
    expect(records).toEqual(['live', 'new']);
    await again.close();
  });
});
