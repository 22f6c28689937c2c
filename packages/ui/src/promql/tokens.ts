import { aggregations, functionNames, keywords } from './words.ts';

export type TokenKind =
  | 'metric'
  | 'label'
  | 'function'
  | 'keyword'
  | 'string'
  | 'number'
  | 'duration'
  | 'operator'
  | 'punctuation'
  | 'comment'
  | 'variable'
  | 'space'
  | 'unknown';

export interface Token {
  kind: TokenKind;
  text: string;
  /** Offset in the expression. */
  start: number;
}

const patterns: [TokenKind, RegExp][] = [
  ['space', /\s+/y],
  ['comment', /#[^\n]*/y],
  ['string', /"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|`[^`]*`?/y],
  ['variable', /\$\{[^}]*\}?|\$\w+|\[\[\w+\]\]/y],
  ['duration', /(?:\d+(?:\.\d+)?(?:ms|[smhdwy]))+(?!\w)/y],
  ['number', /0[xX][\da-fA-F]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:Inf|NaN)\b/iy],
  ['metric', /[A-Za-z_:][\w:]*(?:\.\w+)*/y],
  ['operator', /=~|!~|==|!=|<=|>=|[-+*/%^<>=@]/y],
  ['punctuation', /[()[\]{},:]/y],
];

function next(expr: string, start: number): Token {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = start;
    const found = pattern.exec(expr);
    if (found && found[0] !== '') return { kind, text: found[0], start };
  }
  return { kind: 'unknown', text: expr[start] ?? '', start };
}

const listOfLabels = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);

/** What a word is, by its place: a label in braces or in a list of labels, a function before a parenthesis. */
function wordKind(text: string, inBraces: boolean, inList: boolean, before: string): TokenKind {
  if (inBraces || inList) return 'label';
  const lower = text.toLowerCase();
  if (keywords.has(lower)) return 'keyword';
  if (before === '(' || aggregations.has(lower))
    return functionNames.has(text) || aggregations.has(lower) ? 'function' : 'metric';
  return 'metric';
}

/**
 * Splits PromQL for colours and completion. It never fails: what it does not know is 'unknown', and an
 * unfinished string reaches to the end of its line. The server alone says whether an expression is valid.
 */
export function tokenize(expr: string): Token[] {
  const raw: Token[] = [];
  for (let at = 0; at < expr.length;) {
    const token = next(expr, at);
    raw.push(token);
    at += token.text.length;
  }
  const solid = raw.filter((token) => token.kind !== 'space' && token.kind !== 'comment');
  let braces = 0;
  let list = false;
  for (const [index, token] of solid.entries()) {
    if (token.text === '{') braces++;
    else if (token.text === '}') braces = Math.max(0, braces - 1);
    else if (token.text === '(' && listOfLabels.has(solid[index - 1]?.text.toLowerCase() ?? '')) list = true;
    else if (token.text === ')') list = false;
    else if (token.kind === 'metric')
      token.kind = wordKind(token.text, braces > 0, list, solid[index + 1]?.text ?? '');
  }
  return raw;
}
