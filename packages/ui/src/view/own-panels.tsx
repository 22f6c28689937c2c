import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { scrapeInterval } from '../api/scrape-interval.ts';
import { readPanel } from '../dashboard/panel-json.ts';
import type { JsonObject } from '../json.ts';
import type { AbsoluteRange, TimeRange } from '../time.ts';
import { PanelView, type PanelSurroundings } from './panel-view.tsx';

/** The scrape interval in ms, once it is known. */
export function useScrapeInterval(): number {
  const [interval, setInterval] = useState(15_000);
  useEffect(() => void scrapeInterval().then(setInterval), []);
  return interval;
}

/** Surroundings for panels that a page defines itself. */
export function useSurroundings(
  range: AbsoluteRange,
  written: TimeRange,
  syncKey?: string,
): PanelSurroundings {
  const interval = useScrapeInterval();
  return useMemo(
    () => ({
      range,
      written,
      scope: new Map(),
      multi: new Set<string>(),
      scrapeInterval: interval,
      utc: false,
      syncKey,
      onZoom: undefined,
      marks: [],
    }),
    [range.from, range.to, interval, syncKey, written.from, written.to],
  );
}

/** A panel written in the page as Grafana JSON. The definition must keep its identity between renders. */
export function OwnPanel({
  json,
  around,
  className = '',
}: {
  json: JsonObject;
  around: PanelSurroundings;
  className?: string;
}): JSX.Element {
  const panel = useMemo(() => readPanel(json), [json]);
  return (
    <div class={`own-panel ${className}`}>
      <PanelView panel={panel} around={around} />
    </div>
  );
}
