import { Matcher, type MatcherType } from './matcher.ts';

const CLASSIC = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|!=|!~|=)\s*([\s\S]*?)\s*$/;

/**
 * The grammar of matchers before UTF-8 names: classic label names, values with or without quotes, in which a backslash
 * that escapes nothing stands for itself.
 * @throws Error
 */
export function parseClassicMatchers(text: string): Matcher[] {
  let inner = text;
  if (inner.startsWith('{')) inner = inner.slice(1);
  if (inner.endsWith('}')) inner = inner.slice(0, -1);
  const parts = splitOutsideQuotes(inner);
  if (parts.length > 1 && (parts.at(-1) as string).trim() === '') parts.pop();
  return parts.map(parseOne);
}

function splitOutsideQuotes(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    if (character === '\\') part += character + (text[++i] ?? '');
    else if (character === ',' && !quoted) {
      parts.push(part);
      part = '';
    } else {
      if (character === '"') quoted = !quoted;
      part += character;
    }
  }
  return [...parts, part];
}

function parseOne(text: string): Matcher {
  const match = CLASSIC.exec(text);
  if (!match) throw new Error(`bad matcher format: ${text}`);
  const [, name, type, raw] = match as unknown as [string, string, MatcherType, string];
  return new Matcher(name, type, unescape(raw));
}

function unescape(raw: string): string {
  const quoted = raw.startsWith('"');
  const body = quoted ? raw.slice(1) : raw;
  let value = '';
  for (let i = 0; i < body.length; i++) {
    const character = body[i] as string;
    if (character === '"') {
      if (!quoted || i !== body.length - 1) {
        throw new Error(`matcher value contains unescaped double quote: ${raw}`);
      }
      return value;
    }
    value += character === '\\' ? escaped(body[++i]) : character;
  }
  if (quoted) throw new Error(`matcher value contains unescaped double quote: ${raw}`);
  return value;
}

function escaped(next: string | undefined): string {
  if (next === undefined) return '\\';
  if (next === 'n') return '\n';
  return next === '"' || next === '\\' ? next : `\\${next}`;
}
