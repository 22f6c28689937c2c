import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { PlotSeries } from '../dashboard/plot-model.ts';
import { theme } from '../theme.ts';
import { createChart, type Chart as Drawn, type ChartSpec } from './uplot.ts';

/** What makes a new chart necessary, as opposed to new data in the same one. */
function structure({ model, utc, syncKey }: ChartSpec, mode: string): string {
  const one = (series: PlotSeries): unknown[] => [
    series.label,
    series.color,
    series.scale,
    series.style,
    series.interpolation,
    series.width,
    series.fill,
    series.gradient,
    series.dash,
    series.points,
    series.hideFrom.viz,
  ];
  return JSON.stringify([mode, utc, syncKey, model.bands, model.scales, model.series.map(one)]);
}

/** A time series chart that fills the size it is given. */
export function Chart(props: { spec: ChartSpec }): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn | undefined>(undefined);
  const { spec } = props;
  const shape = structure(spec, theme.value);
  const latest = useRef(spec);
  latest.current = spec;

  useLayoutEffect(() => {
    if (!host.current) return undefined;
    const chart = createChart(host.current, latest.current);
    drawn.current = chart;
    return () => {
      chart.destroy();
      drawn.current = undefined;
    };
  }, [shape]);

  useLayoutEffect(
    () => drawn.current?.update(spec),
    [spec.model, spec.range.from, spec.range.to, spec.width, spec.height, spec.marks],
  );

  return <div ref={host} class="chart" />;
}
