import { useEffect, useState } from 'preact/hooks';
import { queryRange } from '../api/prometheus.ts';
import type { ChartMark } from '../chart/uplot.ts';
import { annotationMarks } from '../dashboard/annotations.ts';
import { interpolateQuery } from '../dashboard/interpolate.ts';
import { alignRange, chooseSteps } from '../dashboard/interval.ts';
import type { AnnotationQuery, Scope } from '../dashboard/types.ts';
import { parseDuration, type AbsoluteRange } from '../time.ts';

const none: readonly ChartMark[] = [];

/** Marks of the annotations that are switched on. A query that fails leaves its marks out. */
export function useAnnotations(
  annotations: readonly AnnotationQuery[],
  range: AbsoluteRange,
  scope: Scope,
  scrapeInterval: number,
  ready: boolean,
): readonly ChartMark[] {
  const [marks, setMarks] = useState(none);
  const names = annotations.map((annotation) => annotation.name).join('\n');
  useEffect(() => {
    if (!ready || annotations.length === 0) {
      setMarks(none);
      return undefined;
    }
    const control = new AbortController();
    const load = async (annotation: AnnotationQuery): Promise<ChartMark[]> => {
      const { step, rate } = chooseSteps({
        range,
        maxDataPoints: 300,
        minStep: parseDuration(annotation.step),
        scrapeInterval,
      });
      const expr = interpolateQuery(annotation.expr, { scope, builtIns: { range, step, rate } });
      const answer = await queryRange(expr, { ...alignRange(range, step), stepMs: step }, control.signal);
      return annotationMarks(annotation, answer, step);
    };
    Promise.all(annotations.map((annotation) => load(annotation).catch((): ChartMark[] => [])))
      .then((found) => !control.signal.aborted && setMarks(found.flat()))
      .catch(() => undefined);
    return () => control.abort();
  }, [names, range.from, range.to, scope, ready]);
  return marks;
}
