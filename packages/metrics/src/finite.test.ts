import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { textsOf } from './finite.ts';

describe('textsOf()', () => {
  test.each([
    ['', ['']],
    ['abc', ['abc']],
    ['a|b|', ['a', 'b', '']],
    ['7[0-2][ab]', ['70a', '70b', '71a', '71b', '72a', '72b']],
    ['api-(?:one|two)?', ['api-one', 'api-two', 'api-']],
    ['(a|b)(c)', ['ac', 'bc']],
    ['a\\.b|c\\|d', ['a.b', 'c|d']],
    ['[\\]x]', [']', 'x']],
    ['日[本木]', ['日本', '日木']],
    ['😀?', ['😀', '']],
    ['5..', undefined],
    ['a+', undefined],
    ['a??', undefined],
    ['(?i)a', undefined],
    ['[^a]', undefined],
    ['[[:alpha:]]', undefined],
    ['\\d', undefined],
    ['a{2}', undefined],
    ['^a$', undefined],
    ['[0-9][0-9][0-9][0-9]', undefined],
    ['(a', undefined],
    ['a)', undefined],
    ['[b-a]', undefined],
    ['\ud800', undefined],
  ])('%s', (expression, texts) => expect(textsOf(expression)).toEqual(texts));

  test('what it names is what RE2 matches', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '-',
      '\\.',
      '[ab]',
      '[a-c]',
      '(a|b)',
      '(?:b|)',
      '?',
      '|',
      '(',
      ')',
      '.',
      '😀',
    );
    const value = fc.array(fc.constantFrom('a', 'b', 'c', '.', '-', '😀'), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), fc.array(value, { maxLength: 20 }), (pieces, values) => {
        const expression = pieces.join('');
        const texts = textsOf(expression);
        if (texts === undefined) return;
        const regex = RE2JS.compile(expression, RE2JS.DOTALL);
        for (const text of [...texts, ...values.map((each) => each.join(''))])
          expect(regex.testExact(text), `${expression} ${text}`).toBe(texts.includes(text));
      }),
      { numRuns: 2000 },
    );
  });
});
