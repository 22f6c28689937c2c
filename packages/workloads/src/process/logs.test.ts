import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LineSplitter, LogFile, LogRing } from './logs.ts';

const line = (text: string): { time: number; stream: 'stdout'; text: string } => ({
  time: 0,
  stream: 'stdout',
  text,
});

describe('LineSplitter', () => {
  test('gives the same lines however the bytes are cut', () => {
    const texts = fc.array(
      fc.string({ unit: 'grapheme', maxLength: 50 }).map((text) => text.replace(/[\r\n]/g, '')),
    );
    fc.assert(
      fc.property(texts, fc.array(fc.nat(30)), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(''));
        const splitter = new LineSplitter();
        const seen: string[] = [];
        let at = 0;
        for (const cut of cuts) seen.push(...splitter.push(bytes.subarray(at, (at += cut))));
        seen.push(...splitter.push(bytes.subarray(at)), ...splitter.flush());
        expect(seen).toEqual(lines);
      }),
    );
  });

  test('gives out a line without end in pieces', () => {
    const pieces = new LineSplitter().push(Buffer.alloc(100_000, 'x'));
    expect(pieces.map((piece) => piece.length)).toEqual(Array.from({ length: 6 }, () => 16_384));
  });
});

describe('LogRing', () => {
  test('keeps the last lines', () => {
    const ring = new LogRing(3);
    for (let i = 0; i < 100; i++) ring.push(line(`${i}`));
    expect(ring.tail(10).map((each) => each.text)).toEqual(['97', '98', '99']);
    expect(ring.tail(1).map((each) => each.text)).toEqual(['99']);
    expect(ring.tail(0)).toEqual([]);
  });

  test('is bounded in characters as well', () => {
    const ring = new LogRing(1000, 10);
    for (const text of ['aaaa', 'bbbb', 'cccc']) ring.push(line(text));
    expect(ring.tail(10).map((each) => each.text)).toEqual(['bbbb', 'cccc']);
  });
});

describe('LogFile', () => {
  let dir = '';
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'logs-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  test('rotates, keeps so many, and loses no line in between', async () => {
    const file = new LogFile(join(dir, 'a.log'), 400, 2);
    for (let i = 0; i < 25; i++) file.write(line(`line ${i}`));
    await file.close();
    expect(readdirSync(dir).sort()).toEqual(['a.log', 'a.log.1', 'a.log.2']);
    const text = ['a.log.2', 'a.log.1', 'a.log']
      .map((name) => readFileSync(join(dir, name), 'utf8'))
      .join('');
    const kept = text.trimEnd().split('\n').length;
    expect(kept).toBeGreaterThan(16);
    expect(text.match(/line \d+/g)).toEqual(Array.from({ length: 25 }, (_, i) => `line ${i}`).slice(-kept));
    expect(text).toContain('1970-01-01T00:00:00.000Z stdout line 24\n');
  });

  test('goes on where an earlier run stopped', async () => {
    for (const text of ['one', 'two']) {
      const file = new LogFile(join(dir, 'a.log'));
      file.write(line(text));
      await file.close();
    }
    expect(readFileSync(join(dir, 'a.log'), 'utf8').match(/one|two/g)).toEqual(['one', 'two']);
  });

  test('counts what the disk refuses and goes on', async () => {
    writeFileSync(join(dir, 'blocked'), '');
    const file = new LogFile(join(dir, 'blocked', 'a.log'));
    file.write(line('lost'));
    expect(file.dropped).toBe(1);
    await file.close();
  });
});
