import { RE2JS } from 're2js';
import { quote } from '../syntax/quote.ts';

/** The most characters that one replacement may make. */
const MAX_RESULT = 4 << 20;

const compiled = new Map<string, RE2JS>();
const MAX_COMPILED = 500;

/** RE2 as Go has it: linear time, no look-around. Compiled expressions are kept. */
export function compile(pattern: string): RE2JS {
  let regex = compiled.get(pattern);
  if (!regex) {
    try {
      regex = RE2JS.compile(pattern);
    } catch (error) {
      throw new Error(
        `error parsing regexp: ${(error as Error).message.replace(/^error parsing regexp: /, '')}`,
        { cause: error },
      );
    }
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    compiled.set(pattern, regex);
  }
  return regex;
}

/** Whether the expression matches anywhere in the text. */
export function match(pattern: string, text: string): boolean {
  return compile(pattern).matcher(text).find();
}

/** Go's regexp.MustCompile, whose panic names the expression. */
function mustCompile(pattern: string): RE2JS {
  try {
    return compile(pattern);
  } catch (error) {
    const shown = /[`\p{Cc}]/u.test(pattern.replaceAll('\t', '')) ? quote(pattern) : `\`${pattern}\``;
    throw new Error(`regexp: Compile(${shown}): ${(error as Error).message}`, { cause: error });
  }
}

/** Go's Regexp.ReplaceAllString: `$1`, `${1}`, `$name`, `${name}`, `$$`. */
export function replaceAll(pattern: string, replacement: string, text: string): string {
  const regex = mustCompile(pattern);
  const names = regex.namedGroups() as Readonly<Record<string, number>>;
  const matcher = regex.matcher(text);
  let out = '';
  let end = 0;
  let previousEnd = -1;
  while (matcher.find()) {
    const [from, to] = [matcher.start(), matcher.end()];
    // Go ignores an empty match right behind a match.
    if (from === to && from === previousEnd) continue;
    out +=
      text.slice(end, from) + expand(replacement, names, matcher.groupCount(), (i) => matcher.group(i) ?? '');
    if (out.length > MAX_RESULT) throw new Error('result is too long');
    end = to;
    previousEnd = to;
  }
  return out + text.slice(end);
}

function expand(
  replacement: string,
  names: Readonly<Record<string, number>>,
  groups: number,
  group: (i: number) => string,
): string {
  return replacement.replace(/\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu, (whole, braced, bare) => {
    if (whole === '$$') return '$';
    const name = (braced ?? bare) as string;
    const index = /^\d+$/.test(name) ? Number(name) : names[name];
    return index !== undefined && index <= groups ? group(index) : '';
  });
}
