import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ExpositionError,
  parseSeriesText,
  readExposition,
  TextParser,
  type ExpositionFormat,
} from './index.ts';

/** Samples as lines a person can read. */
function shown(body: string | Uint8Array, format: ExpositionFormat = 'text'): string[] {
  return readExposition(body, format).samples.map(
    ({ labels, value, timestamp, exemplars }) =>
      `${labels.toString()} ${value}${timestamp === undefined ? '' : ` @${timestamp}`}${exemplars
        .map((e) => ` # ${e.labels.toString()} ${e.value} @${e.timestamp}`)
        .join('')}`,
  );
}

describe('text 0.0.4', () => {
  test.each([
    ['a 1\n', ['a 1']],
    ['a 1', ['a 1']],
    ['\n\n  a\t 1  \n', ['a 1']],
    ['a{} 1', ['a 1']],
    ['a{b="c",d="e",} 1', ['a{b="c", d="e"} 1']],
    ['a { b = "c" , d="e" } 1', ['a{b="c", d="e"} 1']],
    ['a{z="1",b="2"} 1', ['a{b="2", z="1"} 1']],
    ['a{b="}\\"\\\\\\n{"} 1', ['a{b="}\\"\\\\\\n{"} 1']],
    ['a{b=""} 1', ['a 1']],
    ['a{b="ü☃𝄞"} 1', ['a{b="ü☃𝄞"} 1']],
    ['a 1 1234567890123', ['a 1 @1234567890123']],
    ['a 1 -5', ['a 1 @-5']],
    ['a NaN\nb +Inf\nc -Inf\nd inf', ['a NaN', 'b Infinity', 'c -Infinity', 'd Infinity']],
    ['a 1e3\nb 1.5E-7\nc -0.25\nd +7', ['a 1000', 'b 1.5e-7', 'c -0.25', 'd 7']],
    ['{"a.b",c="d"} 1', ['{"a.b", c="d"} 1']],
    ['{"a","c d"="e"} 1', ['a{"c d"="e"} 1']],
    ['# any comment\n#\n# HELP a b\n# TYPE a gauge\na 1', ['a 1']],
    ['a:b_c 1', ['a:b_c 1']],
  ])('%j', (body, expected) => {
    expect(shown(body)).toEqual(expected);
  });

  test.each([
    ['a\n', 'line 1: expected a value: "a"'],
    ['x 1\na{b="c" 1\n', 'line 2: unclosed label braces: "a{b=\\"c\\" 1"'],
    ['a{b=c} 1\n', 'expected a label value in double quotes'],
    ['a{b="c"}x 1\n', 'expected a value'],
    ['a{b="1",b="2"} 1\n', 'label name "b" is not unique'],
    ['{b="c"} 1\n', 'a sample without a metric name'],
    ['9a 1\n', 'expected'],
    ['a 1 2 3\n', 'text behind the sample'],
    ['a 1 1.5\n', 'bad timestamp'],
    ['a 0x1p-2\n', 'expected a value'],
    ['a 1_000\n', 'expected a value'],
    ['a{b="\xff"} 1', 'invalid UTF-8'],
    ['a{b="\\x"} 1', 'expected a label value'],
    ['a 1 # {} 1\n', 'text behind the sample'],
  ])('%j is refused', (body, message) => {
    expect(() => shown(Buffer.from(body, 'latin1'))).toThrow(ExpositionError);
    expect(() => shown(Buffer.from(body, 'latin1'))).toThrow(message);
  });

  test('labels are the same whether they are read the fast way or the careful way', () => {
    const value = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/["\\\n]/g, ''));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'le', 'zz', '_'), value), { maxLength: 5 }),
        (pairs) => {
          const read = (blank: string): string => {
            try {
              return parseSeriesText(`m${blank}{${pairs.map(([name, text]) => `${name}="${text}"`).join()}}`)
                .key;
            } catch {
              return 'refused';
            }
          };
          // A label given twice, once empty, is nothing that anybody writes.
          fc.pre(pairs.every(([, text]) => text !== ''));
          expect(read('')).toBe(read(' '));
        },
      ),
    );
  });

  test('numbers are the nearest doubles, whichever way they are read', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double({ noNaN: true }), fc.float({ noNaN: true }), fc.integer()), (value) => {
        const texts = [String(value), value.toExponential()];
        if (Math.abs(value) < 1e20) texts.push(value.toFixed(12), value.toFixed(3));
        for (const text of texts.filter((each) => !each.includes('Infinity'))) {
          const { samples } = readExposition(`a ${text}`);
          expect(samples[0]?.value).toBe(Number(text));
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('metadata', () => {
    const { metadata } = readExposition(
      '# HELP a with \\\\ and\\nline\n# TYPE a counter\n# TYPE b untyped\n# HELP c   spaced \n',
    );
    expect(Object.fromEntries(metadata)).toEqual({
      a: { type: 'counter', help: 'with \\ and\nline', unit: '' },
      b: { type: 'unknown', help: '', unit: '' },
      c: { type: 'unknown', help: 'spaced ', unit: '' },
    });
  });
});

describe('OpenMetrics', () => {
  test.each([
    ['a 1\n# EOF\n', ['a 1']],
    ['a 1 1520879607.789\n# EOF', ['a 1 @1520879607789']],
    ['a_bucket{le="1.0"} 3 # {id="x"} 0.5 1.5\n# EOF\n', ['a_bucket{le="1.0"} 3 # {id="x"} 0.5 @1500']],
    ['a_total 3 4 # {} 0.5\n# EOF\n', ['a_total 3 @4000 # {} 0.5 @undefined']],
    ['# TYPE a info\n# UNIT b seconds\na_info{v="1"} 1\n# EOF\n', ['a_info{v="1"} 1']],
  ])('%j', (body, expected) => {
    expect(shown(body, 'openmetrics')).toEqual(expected);
  });

  test.each([
    ['a 1\n', 'does not end with # EOF'],
    ['a 1\n# EOF\nb 1\n', 'does not end with # EOF'],
    ['a 1 # x 1\n# EOF\n', 'expected the labels of an exemplar'],
    ['a 1 # {} \n# EOF\n', 'expected a value of an exemplar'],
  ])('%j is refused', (body, message) => {
    expect(() => shown(body, 'openmetrics')).toThrow(message);
  });
});

const name = fc.constantFrom('a', 'ab', 'abc', 'b', 'a_total');
const labels = fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2', '}', 'a"b', '\\'), {
  maxKeys: 2,
});
const line = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(name, labels, fc.integer({ min: 0, max: 99 })).map(([n, l, v]) => {
      const pairs = Object.entries(l).map(
        ([k, value]) => `${k}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
      );
      return `${n}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${v}`;
    }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(name, fc.constantFrom('one', 'two')).map(([n, help]) => `# HELP ${n} ${help}`),
  },
  { weight: 1, arbitrary: fc.constantFrom('', 'a{ 1', '# c', 'b x') },
);
const bodies = fc.array(
  fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n')),
  { maxLength: 6 },
);

describe('one body after the other', () => {
  /** What comes out of a body: its samples and metadata, or its fault. */
  function outcome(parser: TextParser, body: string): unknown {
    const seen: string[] = [];
    try {
      parser.start(Buffer.from(body));
      while (parser.next()) seen.push(`${parser.table.labels(parser.series).key} ${parser.value}`);
    } catch (error) {
      return (error as Error).message;
    }
    return [seen, [...parser.metadata]];
  }

  test('reads the same as a parser that knows nothing yet', () => {
    fc.assert(
      fc.property(bodies, (sequence) => {
        const parser = new TextParser('text');
        let failed = false;
        for (const body of sequence) {
          const fresh = outcome(new TextParser('text'), body);
          const known = outcome(parser, body);
          // A broken body does not say which metadata there is.
          if (!failed) expect(known).toEqual(fresh);
          else if (Array.isArray(known)) expect(known[0]).toEqual((fresh as unknown[])[0]);
          failed ||= typeof fresh === 'string';
        }
      }),
      { numRuns: 1500 },
    );
  });

  test('gives a series the same number every time', () => {
    const parser = new TextParser('text');
    const numbers = (body: string): number[] => {
      parser.start(Buffer.from(body));
      const ids: number[] = [];
      while (parser.next()) ids.push(parser.series);
      return ids;
    };
    expect(numbers('a 1\nb 1\nc 1\n')).toEqual([0, 1, 2]);
    expect(numbers('a 2\nb 22\nc 2e5\n')).toEqual([0, 1, 2]);
    expect(numbers('c 2\nx{y="z"} 1\na 2\n')).toEqual([2, 3, 0]);
    parser.table.forget(1);
    expect(numbers('b 1\na 2\nc 1\n')).toEqual([1, 0, 2]);
  });

  test('takes up changed and vanished metadata', () => {
    const parser = new TextParser('text');
    const after = (body: string): Record<string, string> => {
      parser.start(Buffer.from(body));
      while (parser.next());
      return Object.fromEntries([...parser.metadata].map(([family, { help }]) => [family, help]));
    };
    expect(after('# HELP a one\na 1\n# HELP b two\nb 1\n')).toEqual({ a: 'one', b: 'two' });
    expect(after('# HELP a one\na 5\n# HELP b two\nb 7\n')).toEqual({ a: 'one', b: 'two' });
    expect(after('# HELP a one\na 5\n# HELP b TWO\nb 7\n')).toEqual({ a: 'one', b: 'TWO' });
    expect(after('# HELP a one\na 5\n')).toEqual({ a: 'one' });
  });

  test('any damage is an ExpositionError or reads as something', () => {
    const whole = '# HELP a b\na{b="c",d="é"} 1.5 12\n# TYPE z gauge\nz_bucket{le="+Inf"} 3\n';
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
        fc.nat(whole.length + 8),
        (changes, cut) => {
          const bytes = Buffer.from(whole);
          for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
          const parser = new TextParser('text');
          for (const body of [Buffer.from(whole), bytes.subarray(0, cut), Buffer.from(whole)]) {
            try {
              parser.start(body);
              while (parser.next());
            } catch (error) {
              if (!(error instanceof ExpositionError)) throw error;
            }
          }
          expect(parser.metadata.get('z')?.type).toBe('gauge');
        },
      ),
      { numRuns: 2000 },
    );
  });
});

const corpus = join(
  fileURLToPath(new URL('../../../../..', import.meta.url)),
  'shared/conformance/exposition',
);

describe.skipIf(!existsSync(corpus))('the shared corpus (needs ../shared)', () => {
  test.each<[string, ExpositionFormat]>([
    ['alltypes.237mfs.prom.txt', 'text'],
    ['alltypes.237mfs.nometa.prom.txt', 'text'],
    ['alltypes.5mfs.om.txt', 'openmetrics'],
    ['1histogram.om.txt', 'openmetrics'],
  ])('%s: every sample is there, and stands in its place the second time', (file, format) => {
    const body = readFileSync(join(corpus, file));
    const lines = body
      .toString()
      .split('\n')
      .filter((text) => text !== '' && !text.startsWith('#'));
    const { samples, metadata } = readExposition(body, format);
    expect(samples).toHaveLength(lines.length);
    expect(metadata.size).toBe(
      body
        .toString()
        .split('\n')
        .filter((text) => text.startsWith('# TYPE')).length,
    );
    if (format === 'protobuf') throw new Error('not a text format');
    const parser = new TextParser(format);
    for (let i = 0; i < 2; i++) {
      parser.start(body);
      let count = 0;
      while (parser.next()) expect(parser.table.labels(parser.series)).toEqual(samples[count++]?.labels);
      expect(parser.table.size).toBe(new Set(samples.map((sample) => sample.labels.key)).size);
    }
  });
});
