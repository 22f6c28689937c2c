import { AGGREGATIONS, FUNCTIONS, lex, ParseError } from '@prunella/promql';
import type { Random } from '../peers/promql-random.ts';

/** Each part of the language once, for when there is nothing else to start from. */
export const SEEDS: readonly string[] = [
  'sum by (job, "a b") (rate(http_requests_total{code=~"5..",job!="x"}[5m])) > bool on (job) group_left (y) 0.5',
  'histogram_quantile(0.9, sum without (instance) (rate({"dotted.name", le!=""}[1m30s] offset -5m))) or vector(1e-9)',
  'max_over_time((a + b % 2 ^ -c)[1h:30s] @ end() offset 1d) unless ignoring (x) d and e',
  'label_replace(up, "a", "$1 \\"\\u00e9\\xff", \'b\', `(.*)`) * on () group_right () -topk(3, x atan2 y)',
  'rate(m[step() + max_of(1m, range() * 2)] anchored) + fill_left(-1) fill_right(Inf) n smoothed',
  'quantile_over_time(0.5, m[5m:]) / 0x1F - 1_000 + NaN == bool count_values("v", z) # comment',
  'info(rate(m[5m]), {__name__=~".+_info", k="v"}) </ 5 >/ limit_ratio(-0.5, h @ 1600000000.123)',
];

const WORDS = [
  ...FUNCTIONS.keys(),
  ...AGGREGATIONS.keys(),
  ...'by without on ignoring group_left group_right fill fill_left fill_right bool offset anchored smoothed start end step range and or unless atan2 inf NaN'.split(
    ' ',
  ),
  ...'( ) { } [ ] , : @ = != =~ !~ == <= >= < > </ >/ + - * / % ^'.split(' '),
  ...'0 1 -1 1.5 .5 1e3 1e400 0x1f 1_0 5m 1h30m 1d0s 292y 999999999y foo a:b _ é 日 "" "a" "\\xff" \'b\' `c` "(" "[" "\\q" # $ ! ~ ; \\ \n \t'.split(
    ' ',
  ),
];

/** What one expression becomes by one to four small accidents. */
export function mutated(expr: string, others: readonly string[], random: Random): string {
  let text = expr;
  for (let i = random.below(4); i >= 0; i--) text = random.of(ACCIDENTS)(text, others, random);
  return text;
}

type Accident = (text: string, others: readonly string[], random: Random) => string;

const ACCIDENTS: readonly Accident[] = [
  // Of characters.
  (text, _, random) => {
    const at = random.below(text.length + 1);
    return text.slice(0, at) + text.slice(at + 1 + random.below(3));
  },
  (text, _, random) => {
    const at = random.below(text.length + 1);
    return (
      text.slice(0, at) +
      String.fromCharCode(random.below(random.chance(0.9) ? 128 : 65_536)) +
      text.slice(at)
    );
  },
  (text, _, random) => text.slice(0, random.below(text.length + 1)),
  // Of tokens.
  (text, _, random) =>
    withTokens(text, (tokens) => void tokens.splice(random.below(tokens.length + 1), 0, random.of(WORDS))),
  (text, _, random) => withTokens(text, (tokens) => void tokens.splice(random.below(tokens.length), 1)),
  (text, _, random) =>
    withTokens(text, (tokens) => void tokens.splice(random.below(tokens.length), 1, random.of(WORDS))),
  (text, _, random) =>
    withTokens(text, (tokens) => {
      const [a, b] = [random.below(tokens.length), random.below(tokens.length)];
      [tokens[a], tokens[b]] = [tokens[b] as string, tokens[a] as string];
    }),
  (text, others, random) =>
    withTokens(text, (tokens) => {
      const other = tokensOf(random.of(others));
      const from = random.below(other.length);
      tokens.splice(
        random.below(tokens.length),
        random.below(3),
        ...other.slice(from, from + 1 + random.below(8)),
      );
    }),
  // Of expressions: these stay right more often.
  (text, others, random) =>
    `(${text}) ${random.of(['+', '^', 'and', 'or', '==', '* on (a) group_left ()'])} (${random.of(others)})`,
  (text, _, random) => `${random.of([...AGGREGATIONS.keys(), ...FUNCTIONS.keys(), '-', ''])}(${text})`,
  (text, _, random) =>
    `${text}${random.of(['[5m]', '[5m:1m]', ' offset 5m', ' @ 5', ' @ start()', ' by (a)', '[2m:] offset -1h'])}`,
];

function tokensOf(text: string): string[] {
  try {
    return lex(text).flatMap((token) => token.text || []);
  } catch (error) {
    if (error instanceof ParseError) return text.split(/\b/);
    throw error;
  }
}

function withTokens(text: string, change: (tokens: string[]) => void): string {
  const tokens = tokensOf(text);
  if (tokens.length === 0) tokens.push('a');
  change(tokens);
  return tokens.join(' ');
}
