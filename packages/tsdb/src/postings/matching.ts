import type { Matcher } from '@prunella/metrics';
import { ListPostings, intersect, union, without, type Postings } from './postings.ts';

/** What an index, of the head or of a block, can be asked. */
export interface InvertedIndex {
  /** All series. */
  all(): Promise<ArrayLike<number>>;
  /** The series with one of these values, list by list. */
  lists(name: string, values: readonly string[]): Promise<ArrayLike<number>[]>;
  /** All values of a label; with a prefix, at least those that start with it. */
  values(name: string, prefix: string): Promise<readonly string[]>;
}

/** The series that satisfy all matchers. */
export async function postingsFor(index: InvertedIndex, matchers: readonly Matcher[]): Promise<Postings> {
  const kept: Postings[] = [];
  const dropped: Postings[] = [];
  for (const matcher of matchers) {
    if (isTrivial(matcher)) continue;
    if (matcher.matches('')) {
      // Series without the label match as well, so name those that do not and take them away.
      const values = await valuesWhere(index, matcher, false);
      dropped.push(await unionOf(index, matcher.name, values));
    } else {
      kept.push(await unionOf(index, matcher.name, await valuesWhere(index, matcher, true)));
    }
  }
  if (kept.length === 0) kept.push(new ListPostings(await index.all()));
  const result = intersect(kept);
  return dropped.length === 0 ? result : without(result, union(dropped));
}

function isTrivial(matcher: Matcher): boolean {
  return matcher.type === '=~' && matcher.value === '.*';
}

async function unionOf(index: InvertedIndex, name: string, values: readonly string[]): Promise<Postings> {
  const lists = await index.lists(name, values);
  return union(lists.map((list) => new ListPostings(list)));
}

/** The values of the matcher's label that it accepts (or, with `accepted` false, refuses). */
async function valuesWhere(
  index: InvertedIndex,
  matcher: Matcher,
  accepted: boolean,
): Promise<readonly string[]> {
  const listed = matcher.type === '=' || matcher.type === '!=' ? [matcher.value] : matcher.alternatives;
  const negative = matcher.type === '!=' || matcher.type === '!~';
  if (listed !== undefined && negative !== accepted) return listed.filter((value) => value !== '');
  const prefix = negative ? '' : accepted ? matcher.prefix : '';
  const values = await index.values(matcher.name, prefix);
  return values.filter((value) => matcher.matches(value) === accepted);
}
