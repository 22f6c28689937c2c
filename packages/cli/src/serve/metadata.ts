import type { Metadata } from '@prunella/metrics';
import type { ActiveTarget } from '@prunella/scrape';

/** What all targets have told about each metric, each distinct statement once. */
export function metadataOf(targets: readonly ActiveTarget[]): ReadonlyMap<string, readonly Metadata[]> {
  const known = new Map<string, Map<string, Metadata>>();
  for (const { metadata } of targets) {
    for (const [name, one] of metadata) {
      const list = known.get(name) ?? new Map<string, Metadata>();
      list.set(`${one.type} ${one.unit} ${one.help}`, one);
      known.set(name, list);
    }
  }
  return new Map([...known].map(([name, list]) => [name, [...list.values()]]));
}
