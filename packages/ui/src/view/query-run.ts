import { useEffect, useState } from 'preact/hooks';
import { queryInstant, queryRange, type QueryAnswer } from '../api/prometheus.ts';
import { alignRange, chooseSteps } from '../dashboard/interval.ts';
import type { AbsoluteRange } from '../time.ts';
import { useScrapeInterval } from './own-panels.tsx';

export type QueryTab = 'graph' | 'table';

/** What was asked: the graph asks for a range, the table for its end. */
export interface QueryRun {
  expressions: string[];
  range: AbsoluteRange;
  /** ms */
  step: number;
  tab: QueryTab;
}

export interface Answer {
  answer: QueryAnswer | undefined;
  error: string | undefined;
  tookMs: number;
}

async function ask(expr: string, run: QueryRun, signal: AbortSignal): Promise<Answer> {
  const started = performance.now();
  try {
    const answer =
      run.tab === 'graph'
        ? await queryRange(expr, { ...alignRange(run.range, run.step), stepMs: run.step }, signal)
        : await queryInstant(expr, run.range.to, signal);
    return { answer, error: undefined, tookMs: performance.now() - started };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'the query failed';
    return { answer: undefined, error: message, tookMs: performance.now() - started };
  }
}

/** Runs expressions whenever they, the range or the tab change. The last answers stay until newer ones are there. */
export function useAnswers(
  all: readonly string[],
  range: AbsoluteRange,
  tab: QueryTab,
): { run: QueryRun; answers: Answer[] } | undefined {
  const [state, setState] = useState<{ run: QueryRun; answers: Answer[] } | undefined>(undefined);
  const scrapeInterval = useScrapeInterval();
  const expressions = all.filter((expr) => expr.trim() !== '');
  useEffect(() => {
    if (expressions.length === 0) {
      setState(undefined);
      return undefined;
    }
    const { step } = chooseSteps({ range, maxDataPoints: Math.min(1000, window.innerWidth), scrapeInterval });
    const run: QueryRun = { expressions, range, step, tab };
    const control = new AbortController();
    Promise.all(expressions.map((expr) => ask(expr, run, control.signal)))
      .then((answers) => !control.signal.aborted && setState({ run, answers }))
      .catch(() => undefined);
    return () => control.abort();
  }, [expressions.join('\n\n'), tab, range.from, range.to, scrapeInterval]);
  return state;
}
