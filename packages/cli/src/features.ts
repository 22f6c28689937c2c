import type { Flag } from './flags.ts';

/** `--enable-feature`, as Prometheus and promtool have it. */
export const featureFlag: Flag<'texts'> = {
  kind: 'texts',
  help: 'Prometheus’s feature flags, comma-separated.',
};

/** What the flag names, however often it is given. */
export function featuresOf(lists: readonly string[]): ReadonlySet<string> {
  return new Set(lists.flatMap((list) => list.split(',')).map((name) => name.trim()));
}
