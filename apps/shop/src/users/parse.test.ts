import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseUpload, UploadError } from './parse.ts';

const encoder = new TextEncoder();

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const parse = (text: string, size = 7): ReturnType<typeof parseUpload> =>
  parseUpload(chunked(encoder.encode(text), size));

describe('parseUpload()', () => {
  test.each([
    { title: 'plain lines', text: 'alice:a\nbob:b\n', users: { alice: 'a', bob: 'b' } },
    { title: 'no line end at the end', text: 'alice:a\nbob:b', users: { alice: 'a', bob: 'b' } },
    { title: 'CRLF', text: 'alice:a\r\nbob:b\r\n', users: { alice: 'a', bob: 'b' } },
    { title: 'a byte order mark', text: '\uFEFFalice:a\n', users: { alice: 'a' } },
    { title: 'empty lines and blanks', text: '\n  \nalice:a\n\n\r\n', users: { alice: 'a' } },
    { title: 'colons in the password', text: 'alice:a:b::c\n', users: { alice: 'a:b::c' } },
    {
      title: 'blanks around the name, none taken from the password',
      text: ' alice : a ',
      users: { alice: ' a ' },
    },
    { title: 'letters of several bytes', text: 'zoë:пароль🔑\n', users: { zoë: 'пароль🔑' } },
    {
      title: 'a name twice: the later counts',
      text: 'alice:old\nbob:b\nalice:new',
      users: { alice: 'new', bob: 'b' },
    },
  ])('reads $title', async ({ text, users }) => {
    for (const size of [1, 2, 3, 1000]) {
      const parsed = await parse(text, size);
      expect(Object.fromEntries(parsed.users.map((user) => [user.username, user.password]))).toEqual(users);
    }
  });

  test('counts lines and duplicates', async () => {
    expect(await parse('a:1\n\nb:2\na:3\n')).toMatchObject({ lines: 3, duplicates: 1 });
  });

  test.each([
    ['alice', 'Not username:password: line 1'],
    ['alice:a\nnonsense\n:x\nbob:', 'Not username:password: line 2, 3, 4'],
    [`${'bad\n'.repeat(12)}`, 'Not username:password: line 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more'],
    [`${'n'.repeat(201)}:p`, 'Not username:password: line 1'],
  ])('refuses %j as a whole, by line number only', async (text, message) => {
    await expect(parse(text)).rejects.toThrow(new UploadError(message));
  });

  test('refuses what is not UTF-8', async () => {
    await expect(parseUpload(chunked(Uint8Array.of(0x61, 0x3a, 0xff, 0xfe), 10))).rejects.toThrow(
      'Not UTF-8 text',
    );
  });

  test('does not collect an endless line', async () => {
    await expect(parse('x'.repeat(200_000), 10_000)).rejects.toMatchObject({ status: 413 });
  });

  test('any pairs survive, however the bytes are cut', async () => {
    const name = fc.stringMatching(/^[a-z0-9_.@-]{1,20}$/);
    const password = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
      .filter((text) => !/[\r\n]/.test(text));
    const pairs = fc.uniqueArray(fc.tuple(name, password), { selector: ([key]) => key, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(pairs, fc.integer({ min: 1, max: 9 }), async (given, size) => {
        const text = given.map(([key, value]) => `${key}:${value}\n`).join('');
        const { users } = await parse(text, size);
        expect(users.map((user) => [user.username, user.password])).toEqual(given);
      }),
    );
  });
});
