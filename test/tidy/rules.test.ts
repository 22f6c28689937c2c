import { describe, expect, test } from 'vitest';
import { sources, type SourceFile } from './tree.ts';

const LONGEST_FILE = 500;

/** What the code base does not do, and what to do instead. */
const BANNED: readonly { readonly what: string; readonly pattern: RegExp; readonly except: RegExp }[] = [
  {
    what: 'Date.now() and new Date() read the time: take a Clock',
    pattern: /\bDate\.now\(\)|new Date\(\)|performance\.timeOrigin/,
    except:
      /^(packages\/metrics\/src\/clock\.ts|packages\/cli\/src\/logging\.ts|packages\/(ui|instrument)\/|apps\/|packages\/[a-z]+\/bench\/)/,
  },
  { what: 'any: validate what comes from outside', pattern: /[:<]\s*any\b|\bas any\b/, except: /^$/ },
  { what: '@ts-ignore: mend the type', pattern: /@ts-(ignore|nocheck)/, except: /^$/ },
  { what: 'TODO: do it, or write an issue', pattern: /\b(TODO|FIXME|XXX)\b/, except: /^$/ },
  {
    what: 'console.log: write through a Logger or Io',
    pattern: /\bconsole\.(log|error|warn)\(/,
    except: /^(apps\/|packages\/ui\/)/,
  },
];

const files = [...sources('packages'), ...sources('apps')];

describe('house rules', () => {
  test.each(BANNED)('$what', ({ pattern, except }) => {
    const found = files.filter((file) => !except.test(file.path)).flatMap((file) => offences(file, pattern));
    expect(found).toEqual([]);
  });

  test('files are named after what they hold', () => {
    expect(
      files.filter(({ path }) => /\b(utils?|helpers?|common|misc)\b/.test(path)).map(({ path }) => path),
    ).toEqual([]);
  });

  test(`no file is longer than ${LONGEST_FILE} lines`, () => {
    const long = files
      .map(({ path, text }) => ({ path, lines: text.split('\n').length }))
      .filter(({ lines }) => lines > LONGEST_FILE);
    expect(long).toEqual([]);
  });
});

function offences({ path, text }: SourceFile, pattern: RegExp): string[] {
  return text.split('\n').flatMap((line, i) => {
    const code = line.replace(/^\s*(\/\/|\*|\/\*).*$/, '');
    return code !== '' && pattern.test(code) ? [`${path}:${i + 1}: ${line.trim()}`] : [];
  });
}
