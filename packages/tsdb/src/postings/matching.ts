import { type Labels, type Matcher, filterInSlices, inSlices } from '@prunella/metrics';
import { sortNumbers } from '../sort.ts';
import { ListPostings, intersect, union, without, type Postings } from './postings.ts';

/** What an index, of the head or of a block, can be asked. */
export interface InvertedIndex {
  /** All series. */
  all(): Promise<ArrayLike<number>>;
  /** The series with one of these values, list by list. No series is in two of them. */
  lists(name: string, values: readonly string[]): Promise<ArrayLike<number>[]>;
  /** All values of a label; with a prefix, at least those that start with it. */
  values(name: string, prefix: string): Promise<readonly string[]>;
  /** About how many values a label has. */
  valueCount(name: string): number;
}

/** The series that an index gives for some matchers … */
export interface Candidates {
  readonly postings: Postings;
  /** … of which those count whose labels these accept, too: asking the index would have cost more. */
  readonly filters: readonly Matcher[];
}

/** More lists than this are put together at once rather than merged step by step. */
const MANY_LISTS = 16;
/** Reading and merging one more list costs about as much as looking at this many series's labels. */
const SERIES_PER_LIST = 4;

/** The series that satisfy all matchers. */
export async function candidatesFor(index: InvertedIndex, matchers: readonly Matcher[]): Promise<Candidates> {
  const kept: Postings[] = [];
  const dropped: Postings[] = [];
  const open: Matcher[] = [];
  let fewest = Infinity;
  for (const matcher of matchers) {
    if (matcher.type === '=~' && matcher.value === '.*') continue;
    const listed = listedValues(matcher);
    if (listed === undefined) {
      open.push(matcher);
      continue;
    }
    const lists = await index.lists(matcher.name, listed.values);
    if (listed.accepted) {
      fewest = Math.min(fewest, totalLength(lists));
      kept.push(await unionOf(lists));
    } else {
      dropped.push(await unionOf(lists));
    }
  }
  const filters: Matcher[] = [];
  // Those that ask for no more than the label come last: the others leave them little to look at.
  open.sort((a, b) => Number(asksForAnyValue(a)) - Number(asksForAnyValue(b)));
  for (const matcher of open) {
    if (fewest <= SERIES_PER_LIST * index.valueCount(matcher.name)) {
      filters.push(matcher);
      continue;
    }
    // A matcher that accepts the empty value accepts series without the label: take away what it refuses instead.
    const accepted = !matcher.matches('');
    const lists = await index.lists(matcher.name, await valuesWhere(index, matcher, accepted));
    if (accepted) fewest = Math.min(fewest, totalLength(lists));
    (accepted ? kept : dropped).push(await unionOf(lists));
  }
  if (kept.length === 0) kept.push(new ListPostings(await index.all()));
  const postings = dropped.length === 0 ? intersect(kept) : without(intersect(kept), union(dropped));
  return { postings, filters };
}

export function acceptAll(filters: readonly Matcher[], labels: Labels): boolean {
  return filters.every((matcher) => matcher.matchesLabels(labels));
}

/** The values that a matcher names one by one, where it does: those that it accepts, or else those that it refuses. */
function listedValues(matcher: Matcher): { values: readonly string[]; accepted: boolean } | undefined {
  const values = matcher.type === '=' || matcher.type === '!=' ? [matcher.value] : matcher.alternatives;
  if (values === undefined) return undefined;
  const positive = matcher.type === '=' || matcher.type === '=~';
  // `a=""` and `a!=""` are about whether there is the label, which no list says.
  if (values.includes('')) return undefined;
  return { values, accepted: positive };
}

function asksForAnyValue({ type, value }: Matcher): boolean {
  return value === '' || (type === '=~' && value === '.+');
}

async function valuesWhere(
  index: InvertedIndex,
  matcher: Matcher,
  accepted: boolean,
): Promise<readonly string[]> {
  const values = await index.values(matcher.name, accepted && matcher.type === '=~' ? matcher.prefix : '');
  return filterInSlices(values, (value) => matcher.matches(value) === accepted);
}

function totalLength(lists: readonly ArrayLike<number>[]): number {
  return lists.reduce((sum, list) => sum + list.length, 0);
}

async function unionOf(lists: readonly ArrayLike<number>[]): Promise<Postings> {
  if (lists.length <= MANY_LISTS) return union(lists.map((list) => new ListPostings(list)));
  const all = new Float64Array(totalLength(lists));
  let at = 0;
  await inSlices(lists, (list) => {
    all.set(list, at);
    at += list.length;
  });
  return new ListPostings(await sortNumbers(all));
}
