import { METRIC_NAME, type Labels } from '@prunella/metrics';
import type { Aggregation } from '../parser/ast.ts';
import type { Pacer } from './pacer.ts';
import type { StepSeries } from './value.ts';

/** Series that are aggregated into one, or of which some are picked. */
export interface Group {
  readonly labels: Labels;
  readonly members: StepSeries[];
  dropName: boolean;
}

/** Sorts series into groups, in the order in which the groups are first met. */
export async function groupSeries(
  pacer: Pacer,
  { grouping, without }: Pick<Aggregation, 'grouping' | 'without'>,
  series: readonly StepSeries[],
): Promise<Group[]> {
  const names = new Set(without ? [...grouping, METRIC_NAME] : grouping);
  const groups = new Map<string, Group>();
  await pacer.forEach(series, (each) => {
    const key = groupKey(each.labels, names, !without);
    const group = groups.get(key);
    if (group) {
      group.members.push(each);
      group.dropName ||= each.dropName ?? false;
      return;
    }
    const labels = without ? each.labels.drop(names) : each.labels.keep(names);
    groups.set(key, { labels, members: [each], dropName: each.dropName ?? false });
  });
  return [...groups.values()];
}

/** What `labels.keep(names).key` or `labels.drop(names).key` would be, without making the labels. */
export function groupKey({ pairs }: Labels, names: ReadonlySet<string>, keep: boolean): string {
  let key = '';
  if (names.size === 0 && keep) return key;
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i] as string;
    if (names.has(name) === keep) key += `${key === '' ? '' : '\xff'}${name}\xff${pairs[i + 1] as string}`;
  }
  return key;
}
