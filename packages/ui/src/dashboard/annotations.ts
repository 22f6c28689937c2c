import type { QueryAnswer } from '../api/prometheus.ts';
import type { ChartMark } from '../chart/uplot.ts';
import type { AnnotationQuery } from './types.ts';

function fillLabels(template: string, labels: Record<string, string>): string {
  return template.replace(/\{\{\s*(\w+)\s*\}\}/g, (_whole, name: string) => labels[name] ?? '');
}

/** Marks where each series of an annotation's query begins: its first sample, and those after a gap. */
export function annotationMarks(
  annotation: AnnotationQuery,
  answer: QueryAnswer,
  stepMs: number,
): ChartMark[] {
  return answer.series.flatMap((series) => {
    const title = fillLabels(annotation.title, series.labels) || annotation.name;
    const text = fillLabels(annotation.text, series.labels);
    if (annotation.useValueForTime)
      return series.values.map((value) => ({ time: value, color: annotation.color, title, text }));
    const starts = series.times.filter((time, index) => {
      // Grafana takes a value of zero for "nothing happened".
      if (series.values[index] === 0) return false;
      const before = series.times[index - 1];
      return before === undefined || time - before > stepMs * 1.5 || series.values[index - 1] === 0;
    });
    return starts.map((time) => ({ time, color: annotation.color, title, text }));
  });
}
