import { tokenize, type Token } from './tokens.ts';
import { aggregations, functions, keywords } from './words.ts';

/** What may stand at the caret. `from` is where the word being written begins. */
export type Context =
  | { kind: 'word'; from: number; prefix: string }
  | { kind: 'label'; from: number; prefix: string; metric: string }
  | { kind: 'value'; from: number; prefix: string; metric: string; label: string }
  | { kind: 'none' };

function wordAt(tokens: Token[], caret: number): Token | undefined {
  return tokens.find(
    (token) =>
      /^(metric|label|function|keyword)$/.test(token.kind) &&
      token.start < caret &&
      token.start + token.text.length >= caret,
  );
}

/** The metric whose labels are meant: the one before the open brace, or the only one in the expression. */
function metricNear(tokens: Token[], caret: number): string {
  const before = tokens.filter((token) => token.start < caret && token.kind === 'metric').at(-1);
  return before?.text ?? tokens.find((token) => token.kind === 'metric')?.text ?? '';
}

interface Place {
  braces: boolean;
  list: boolean;
}

function placeAt(tokens: Token[], caret: number): Place {
  let braces = 0;
  let list = false;
  let previous = '';
  for (const token of tokens) {
    if (token.start >= caret) break;
    if (token.kind === 'space') continue;
    if (token.text === '{') braces++;
    else if (token.text === '}') braces--;
    else if (token.text === '(') list = /^(by|without|on|ignoring|group_left|group_right)$/i.test(previous);
    else if (token.text === ')') list = false;
    previous = token.text;
  }
  return { braces: braces > 0, list };
}

/** What is being written at the caret, as an offset in the expression. */
export function contextAt(expr: string, caret: number): Context {
  const tokens = tokenize(expr);
  const inside = tokens.find(
    (token) =>
      token.kind === 'string' &&
      token.start < caret &&
      caret < token.start + token.text.length + (token.text.length > 1 && /["'`]$/.test(token.text) ? 0 : 1),
  );
  const { braces, list } = placeAt(tokens, caret);
  if (inside) {
    if (!braces) return { kind: 'none' };
    const label =
      tokens.filter((token) => token.start < inside.start && token.kind === 'label').at(-1)?.text ?? '';
    return {
      kind: 'value',
      from: inside.start + 1,
      prefix: expr.slice(inside.start + 1, caret),
      metric: metricNear(tokens, inside.start),
      label,
    };
  }
  if (
    tokens.some(
      (token) => token.kind === 'comment' && token.start < caret && caret <= token.start + token.text.length,
    )
  )
    return { kind: 'none' };
  const word = wordAt(tokens, caret);
  const from = word?.start ?? caret;
  const prefix = expr.slice(from, caret);
  if (braces || list)
    return { kind: 'label', from, prefix, metric: metricNear(tokens, caret) || metricAfter(tokens, caret) };
  return { kind: 'word', from, prefix };
}

function metricAfter(tokens: Token[], caret: number): string {
  return tokens.find((token) => token.start >= caret && token.kind === 'metric')?.text ?? '';
}

export interface Suggestion {
  text: string;
  /** What is put in instead of the word. */
  insert: string;
  kind: 'metric' | 'function' | 'aggregation' | 'keyword' | 'label' | 'value';
  help: string;
}

/** Functions, aggregations and keywords as suggestions. */
export function wordSuggestions(): Suggestion[] {
  return [
    ...[...aggregations].map(([text, help]): Suggestion => ({
      text,
      insert: `${text}(`,
      kind: 'aggregation',
      help,
    })),
    ...[...functions].map(([text, [signature, help]]): Suggestion => ({
      text,
      insert: `${text}(`,
      kind: 'function',
      help: `${signature}: ${help}`,
    })),
    ...[...keywords].map((text): Suggestion => ({ text, insert: text, kind: 'keyword', help: '' })),
  ];
}

/** Those that contain what is written: beginnings first, then word beginnings, then short ones. */
export function rankSuggestions(all: readonly Suggestion[], prefix: string, limit = 40): Suggestion[] {
  const want = prefix.toLowerCase();
  const rank = ({ text }: Suggestion): number => {
    const at = text.toLowerCase().indexOf(want);
    return at < 0 ? -1 : at === 0 ? 0 : text[at - 1] === '_' ? 1 : 2;
  };
  return all
    .map((one) => ({ one, rank: rank(one) }))
    .filter((entry) => entry.rank >= 0 && entry.one.text !== prefix)
    .sort(
      (a, b) =>
        a.rank - b.rank || a.one.text.length - b.one.text.length || a.one.text.localeCompare(b.one.text),
    )
    .slice(0, limit)
    .map((entry) => entry.one);
}

/** Where the server found the error: `1:14: parse error: …` with line and column counted from 1. */
export function errorPosition(message: string): { line: number; column: number; text: string } | undefined {
  const found = /(?:^|\s)(\d+):(\d+): (.*)$/s.exec(message);
  return found ? { line: Number(found[1]), column: Number(found[2]), text: found[3] ?? message } : undefined;
}
