import type { Variable, VariableOption } from './types.ts';

/** What a query variable asks Prometheus for. */
export type VariableQuery =
  | { kind: 'label_values'; label: string; selector: string }
  | { kind: 'label_names'; selector: string }
  | { kind: 'metrics'; pattern: string }
  | { kind: 'query_result'; expr: string }
  | { kind: 'empty' };

/** Reads `label_values(up{job="x"}, instance)`, `label_values(job)`, `label_names()`, `metrics(re)`, `query_result(expr)`. */
export function parseVariableQuery(text: string): VariableQuery {
  const call = /^\s*(\w+)\((.*)\)\s*$/s.exec(text);
  const body = call?.[2]?.trim() ?? '';
  switch (call?.[1] ?? '') {
    case 'label_values': {
      // The label is what follows the last comma outside the selector.
      const split = /^(.*),\s*([A-Za-z_][\w.:]*|"[^"]+")\s*$/s.exec(body);
      const label = (split?.[2] ?? body).replaceAll('"', '');
      return { kind: 'label_values', label, selector: split?.[1]?.trim() ?? '' };
    }
    case 'label_names':
      return { kind: 'label_names', selector: body };
    case 'metrics':
      return { kind: 'metrics', pattern: body };
    case 'query_result':
      return { kind: 'query_result', expr: body };
    default:
      return text.trim() === '' ? { kind: 'empty' } : { kind: 'query_result', expr: text.trim() };
  }
}

function parseRegex(text: string): RegExp | undefined {
  const literal = /^\/(.*)\/([gimsu]*)$/s.exec(text);
  try {
    return literal
      ? new RegExp(literal[1] ?? '', (literal[2] ?? '').replace('g', ''))
      : new RegExp(`^${text}$`);
  } catch {
    return undefined;
  }
}

/** Keeps what the variable's regex matches; its groups `text` and `value`, or the first group, give the option. */
function applyRegex(values: string[], pattern: string): VariableOption[] {
  const regex = pattern === '' ? undefined : parseRegex(pattern);
  if (!regex) return values.map((value) => ({ text: value, value }));
  return values.flatMap((candidate) => {
    const found = regex.exec(candidate);
    if (!found) return [];
    const value = found.groups?.['value'] ?? found.groups?.['text'] ?? found[1] ?? found[0];
    return [{ value, text: found.groups?.['text'] ?? value }];
  });
}

const collator = new Intl.Collator('en');

function leadingNumber(text: string): number {
  return Number(/(\d+(?:\.\d+)?)/.exec(text)?.[1] ?? -1);
}

/** Grafana's `sort`: 0 off; 1/2 by text; 3/4 by number; 5/6 by text without case; 7/8 natural. */
function sortOptions(options: VariableOption[], sort: number): VariableOption[] {
  if (sort === 0) return options;
  const compare: Record<number, (a: VariableOption, b: VariableOption) => number> = {
    1: (a, b) => collator.compare(a.text, b.text),
    2: (a, b) => leadingNumber(a.text) - leadingNumber(b.text),
    3: (a, b) => collator.compare(a.text.toLowerCase(), b.text.toLowerCase()),
    4: (a, b) => a.text.localeCompare(b.text, 'en', { numeric: true }),
  };
  const sorted = [...options].sort(compare[Math.ceil(sort / 2)] ?? (() => 0));
  return sort % 2 === 0 ? sorted.reverse() : sorted;
}

/** The options of a query variable, from what Prometheus answered. */
export function variableOptions(
  values: string[],
  variable: Pick<Variable, 'regex' | 'sort'>,
): VariableOption[] {
  const seen = new Set<string>();
  const options = applyRegex(values, variable.regex).filter(
    ({ value }) => !seen.has(value) && seen.add(value),
  );
  return sortOptions(options, variable.sort);
}
