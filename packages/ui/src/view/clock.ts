import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { parseDuration, resolveRange, type AbsoluteRange, type TimeRange } from '../time.ts';

/** The range in ms, anew at each tick of the automatic refresh or on demand. Hidden pages do not tick. */
export function useRange(range: TimeRange, refresh: string): { range: AbsoluteRange; reload: () => void } {
  const [now, setNow] = useState(() => Date.now());
  const reload = useCallback(() => setNow(Date.now()), []);
  const every = parseDuration(refresh);
  useEffect(() => {
    if (every === undefined || every < 1000) return undefined;
    const timer = setInterval(() => !document.hidden && setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  const resolved = useMemo(() => resolveRange(range, now), [range.from, range.to, now]);
  return { range: resolved, reload };
}
