import { compareStrings, compileRegex, isUtf8, METRIC_NAME, RegexError } from '@prunella/metrics';
import { QueryError } from '../error.ts';
import type { Pacer } from '../eval/pacer.ts';
import { mergeEqual } from '../eval/series.ts';
import type { StepSeries } from '../eval/value.ts';

export async function labelReplace(
  pacer: Pacer,
  series: readonly StepSeries[],
  args: readonly string[],
): Promise<StepSeries[]> {
  const [target, replacement, source, expression] = args as [string, string, string, string];
  let regex;
  try {
    regex = compileRegex(`^(?s:${expression})$`, expression);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw new QueryError('execution', `invalid regular expression in label_replace(): ${expression}`);
  }
  checkTarget(target, 'label_replace()');
  return mergeEqual(
    pacer,
    await pacer.map(series, (each) => {
      const matcher = regex.matcher(each.labels.get(source));
      if (!matcher.matches()) return each;
      const value = expand(replacement, (name) => {
        const index = Number(name);
        if (Number.isInteger(index)) return index <= matcher.groupCount() ? (matcher.group(index) ?? '') : '';
        try {
          return matcher.group(name) ?? '';
        } catch {
          return '';
        }
      });
      return { ...each, labels: each.labels.with({ [target]: value }), ...named(target) };
    }),
  );
}

/** Go's regexp.Expand: `$1`, `${1}`, `$name`; the longest name wins; `$$` is a dollar. */
function expand(template: string, group: (name: string) => string): string {
  return template.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) =>
    whole === '$$' ? '$' : group(braced ?? bare ?? ''),
  );
}

export async function labelJoin(
  pacer: Pacer,
  series: readonly StepSeries[],
  args: readonly string[],
): Promise<StepSeries[]> {
  const [target, separator, ...sources] = args as [string, string, ...string[]];
  checkTarget(target, 'label_join()');
  return mergeEqual(
    pacer,
    await pacer.map(series, (each) => ({
      ...each,
      labels: each.labels.with({
        [target]: sources.map((source) => each.labels.get(source)).join(separator),
      }),
      ...named(target),
    })),
  );
}

/** A name that was given on purpose stays. */
function named(target: string): { dropName?: boolean } {
  return target === METRIC_NAME ? { dropName: false } : {};
}

function checkTarget(name: string, where: string): void {
  if (name === '' || !isUtf8(name))
    throw new QueryError('execution', `invalid destination label name in ${where}: ${name}`);
}

/** Natural order: runs of digits by their number. */
export function sortByLabel(
  series: readonly StepSeries[],
  names: readonly string[],
  descending: boolean,
): StepSeries[] {
  const sign = descending ? -1 : 1;
  return [...series].sort((a, b) => {
    for (const name of names) {
      const order = compareNatural(a.labels.get(name), b.labels.get(name));
      if (order !== 0) return sign * order;
    }
    return sign * compareStrings(a.labels.key, b.labels.key);
  });
}

function compareNatural(a: string, b: string): number {
  const parts = (text: string): string[] => text.match(/\d+|\D+/g) ?? [];
  const [x, y] = [parts(a), parts(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const [p, q] = [x[i] as string, y[i] as string];
    const order = /^\d/.test(p) && /^\d/.test(q) ? Number(p) - Number(q) : compareStrings(p, q);
    if (order !== 0) return order;
  }
  return x.length - y.length;
}
