import { isLegacyLabelName, isLegacyMetricName, Labels, METRIC_NAME } from '@prunella/metrics';

const TOKEN = /\s*(?:([a-zA-Z_:][a-zA-Z0-9_:]*)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([{}=,]))/y;

/**
 * Reads a series in PromQL's notation: `name{label="value"}`, `{"utf-8 name", label="value"}`, or nothing.
 * @throws Error naming the column
 */
export function parseSeries(text: string): Labels {
  const tokens = tokenize(text.trim());
  const labels: Record<string, string> = {};
  let at = 0;
  const fail = (): never => {
    throw new Error(
      `1:${tokens[at]?.column ?? text.trim().length + 1}: parse error: unexpected ${tokens[at]?.text ?? 'end of input'} in series ${JSON.stringify(text)}`,
    );
  };
  const take = (test: (token: Token) => boolean): Token => {
    const token = tokens[at];
    if (!token || !test(token)) return fail();
    at++;
    return token;
  };
  if (tokens[at]?.kind === 'name' && isLegacyMetricName(tokens[at]?.text ?? ''))
    labels[METRIC_NAME] = tokens[at++]?.text ?? '';
  if (at < tokens.length) {
    take(({ text: symbol }) => symbol === '{');
    while (tokens[at]?.text !== '}') {
      const name = take(
        ({ kind, text: word }) => kind === 'string' || (kind === 'name' && isLegacyLabelName(word)),
      );
      if (name.kind === 'string' && tokens[at]?.text !== '=') labels[METRIC_NAME] = name.value;
      else {
        take(({ text: symbol }) => symbol === '=');
        labels[name.value] = take(({ kind }) => kind === 'string').value;
      }
      if (tokens[at]?.text === ',') at++;
      else if (tokens[at]?.text !== '}') fail();
    }
    at++;
  }
  if (at < tokens.length) fail();
  return Labels.from(labels);
}

interface Token {
  readonly kind: 'name' | 'string' | 'symbol';
  readonly text: string;
  readonly value: string;
  readonly column: number;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const column = TOKEN.lastIndex + 1;
    const match = TOKEN.exec(text);
    if (!match) {
      throw new Error(
        `1:${column}: parse error: unexpected character ${JSON.stringify(text[column - 1])} in series ${JSON.stringify(text)}`,
      );
    }
    const [, name, string, symbol] = match;
    if (name !== undefined) tokens.push({ kind: 'name', text: name, value: name, column });
    else if (string !== undefined)
      tokens.push({ kind: 'string', text: string, value: unquoted(string), column });
    else tokens.push({ kind: 'symbol', text: symbol ?? '', value: '', column });
  }
  return tokens;
}

function unquoted(text: string): string {
  const inner = text.slice(1, -1);
  const body = text.startsWith("'") ? inner.replaceAll(/\\'/g, "'").replaceAll(/(?<!\\)"/g, '\\"') : inner;
  return JSON.parse(`"${body}"`) as string;
}
