import { Labels, Matcher } from '@prunella/metrics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemPostings } from '../head/postings.ts';
import { acceptAll, candidatesFor } from './matching.ts';
import { ListPostings, collect, intersect, union, without } from './postings.ts';

const list = fc.uniqueArray(fc.nat(200), { maxLength: 60 }).map((items) => items.sort((a, b) => a - b));

test('intersections, unions and differences are those of sets, also when read by seeking', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(list, { minLength: 1, maxLength: 5 }),
      list,
      fc.array(fc.nat(40)),
      async (lists, dropped, leaps) => {
        const build = {
          intersect: () => intersect(lists.map((each) => new ListPostings(each))),
          union: () => union(lists.map((each) => new ListPostings(each))),
          without: () =>
            without(union(lists.map((each) => new ListPostings(each))), new ListPostings(dropped)),
        };
        const all = [...new Set(lists.flat())].sort((a, b) => a - b);
        const expected = {
          intersect: all.filter((n) => lists.every((each) => each.includes(n))),
          union: all,
          without: all.filter((n) => !dropped.includes(n)),
        };
        for (const kind of ['intersect', 'union', 'without'] as const) {
          expect(await collect(build[kind]())).toEqual(expected[kind]);
          const postings = build[kind]();
          let at = -1;
          for (const leap of leaps) {
            const wanted = expected[kind].find((n) => n >= at + leap);
            expect([kind, postings.seek(at + leap) ? postings.at : undefined]).toEqual([kind, wanted]);
            if (wanted === undefined) break;
            at = wanted;
          }
        }
      },
    ),
  );
});

const value = fc.constantFrom('', 'a', 'b', 'ab', 'abc', 'x1', 'x2');
const labelSet = fc.record({ p: value, q: value, r: fc.nat(60).map(String) });
const matcher = fc
  .tuple(
    fc.constantFrom('=', '!=', '=~', '!~'),
    fc.constantFrom('p', 'q', 'r', 'none'),
    fc.constantFrom('', 'a', 'a|b', 'a|', 'a.*', '.+', '.*', 'x[12]', '[0-4].?', '1.', '7'),
  )
  .map(([type, name, text]) => new Matcher(type, name, text));

test('the index finds what looking at every series finds', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(labelSet, { maxLength: 80 }),
      fc.array(matcher, { maxLength: 4 }),
      async (sets, matchers) => {
        const series = [
          ...new Map(sets.map((set) => Labels.from(set)).map((labels) => [labels.key, labels])).values(),
        ];
        const index = new MemPostings();
        for (const [i, labels] of series.entries()) index.add(i + 1, labels);
        const { postings, filters } = await candidatesFor(index, matchers);
        const found = (await collect(postings)).filter((ref) => acceptAll(filters, series[ref - 1]!));
        const expected = series.flatMap((labels, i) => (acceptAll(matchers, labels) ? [i + 1] : []));
        expect(found).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});
