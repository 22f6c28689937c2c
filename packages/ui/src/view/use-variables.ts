import { useEffect, useRef, useState } from 'preact/hooks';
import { labelNames, labelValues, queryInstant } from '../api/prometheus.ts';
import { seriesName } from '../dashboard/frame.ts';
import {
  resolveVariables,
  type ResolvedVariable,
  type VariableSource,
} from '../dashboard/resolve-variables.ts';
import type { Dashboard } from '../dashboard/types.ts';
import type { AbsoluteRange } from '../time.ts';

function serverSource(range: AbsoluteRange, signal: AbortSignal): VariableSource {
  const selectors = (selector: string): string[] => (selector === '' ? [] : [selector]);
  return {
    labelValues: (label, selector) => labelValues(label, selectors(selector), range, signal),
    labelNames: (selector) => labelNames(selectors(selector), range, signal),
    async queryResult(expr) {
      const { series } = await queryInstant(expr, range.to, signal);
      return series.map((one) => `${seriesName(one.labels)} ${one.values[0] ?? ''} ${one.times[0] ?? ''}`);
    },
  };
}

/**
 * The dashboard's variables with their options and present values: `var-name` of the address decides.
 * Asked again when an address changes, and on a new range by those that say so.
 */
export function useVariables(
  dashboard: Dashboard,
  search: URLSearchParams,
  range: AbsoluteRange,
): ResolvedVariable[] | undefined {
  const [resolved, setResolved] = useState<ResolvedVariable[] | undefined>(undefined);
  const chosen = [...search].filter(([name]) => name.startsWith('var-'));
  // Options that follow the time range are looked up anew every few minutes of it, not at every refresh.
  const timed = dashboard.variables.some((variable) => variable.refreshOnTime)
    ? Math.floor(range.to / 300_000) + Math.round((range.to - range.from) / 60_000)
    : 0;
  const latest = useRef(range);
  latest.current = range;
  useEffect(() => {
    const control = new AbortController();
    const wanted = (name: string): string[] | undefined =>
      search.has(`var-${name}`) ? search.getAll(`var-${name}`) : undefined;
    resolveVariables(
      dashboard.variables,
      wanted,
      serverSource(latest.current, control.signal),
      latest.current,
    ).then(
      (found) => !control.signal.aborted && setResolved(found),
      () => undefined, // aborted by the next one
    );
    return () => control.abort();
  }, [dashboard, chosen.join('&'), timed]);
  return resolved;
}
