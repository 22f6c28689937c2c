import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { queryInstant, queryRange, type QueryAnswer, type Series } from '../api/prometheus.ts';
import { alignRange, chooseSteps } from '../dashboard/interval.ts';
import { prepareFrames, type PanelData } from '../dashboard/load.ts';
import { readPanel } from '../dashboard/panel-json.ts';
import { answerFrames } from '../dashboard/query-frames.ts';
import type { Panel } from '../dashboard/types.ts';
import { TimeseriesPanel } from '../panels/timeseries.tsx';
import { location, setSearch } from '../router.ts';
import { recall, remember } from '../theme.ts';
import { formatDateTime, type AbsoluteRange } from '../time.ts';
import { CopyButton, Empty, IconButton, Note, PageHead } from '../ui/basics.tsx';
import { Icon } from '../ui/icon.tsx';
import { TimePicker } from '../ui/time-picker.tsx';
import { useRange } from '../view/clock.ts';
import { useScrapeInterval } from '../view/own-panels.tsx';
import { QueryEditor } from '../view/query-editor.tsx';
import { useSize } from '../view/use-size.ts';

const historyKey = 'prunella.queries';
const historyLength = 30;

function history(): string[] {
  try {
    const parsed: unknown = JSON.parse(recall(historyKey) ?? '[]');
    return Array.isArray(parsed) ? parsed.filter((item): item is string => typeof item === 'string') : [];
  } catch {
    return [];
  }
}

function addToHistory(expressions: readonly string[]): void {
  const next = [...expressions.filter((expr) => expr.trim() !== ''), ...history()];
  remember(historyKey, JSON.stringify([...new Set(next)].slice(0, historyLength)));
}

interface Answer {
  answer: QueryAnswer | undefined;
  error: string | undefined;
  tookMs: number;
}

interface Run {
  expressions: string[];
  range: AbsoluteRange;
  step: number;
  tab: 'graph' | 'table';
}

async function runOne(expr: string, run: Run, signal: AbortSignal): Promise<Answer> {
  const started = performance.now();
  try {
    const answer =
      run.tab === 'graph'
        ? await queryRange(expr, { ...alignRange(run.range, run.step), stepMs: run.step }, signal)
        : await queryInstant(expr, run.range.to, signal);
    return { answer, error: undefined, tookMs: performance.now() - started };
  } catch (error) {
    return {
      answer: undefined,
      error: error instanceof Error ? error.message : 'the query failed',
      tookMs: performance.now() - started,
    };
  }
}

const graphJson = {
  type: 'timeseries',
  fieldConfig: { defaults: { custom: { fillOpacity: 6, lineWidth: 1.4, showPoints: 'never' } } },
  options: {
    legend: { displayMode: 'table', placement: 'bottom', calcs: ['min', 'mean', 'max', 'lastNotNull'] },
    tooltip: { mode: 'multi' },
  },
};

function Graph({
  answers,
  run,
  onZoom,
}: {
  answers: readonly Answer[];
  run: Run;
  onZoom: (range: AbsoluteRange) => void;
}): JSX.Element {
  const [box, size] = useSize<HTMLDivElement>();
  const [stacked, setStacked] = useState(false);
  const panel: Panel = useMemo(() => {
    const made = readPanel({
      ...graphJson,
      targets: run.expressions.map((expr, index) => ({ expr, refId: String.fromCodePoint(65 + index) })),
    });
    if (stacked)
      Object.assign(made.defaults.custom, { stacking: { mode: 'normal', group: 'A' }, fillOpacity: 25 });
    return made;
  }, [run, stacked]);
  const data: PanelData = useMemo(() => {
    const frames = answers.flatMap(({ answer }, index) => {
      const target = panel.targets[index];
      return answer && target
        ? answerFrames(answer, target, run.expressions[index] ?? '', answers.length > 1)
        : [];
    });
    return {
      frames: prepareFrames(frames, panel),
      range: run.range,
      errors: [],
      warnings: [],
      queries: run.expressions,
    };
  }, [answers, panel]);
  return (
    <div class="explore-graph">
      <label class="check">
        <input type="checkbox" checked={stacked} onChange={() => setStacked(!stacked)} /> Stacked
      </label>
      <div ref={box} class="explore-plot">
        {size.width > 0 && (
          <TimeseriesPanel
            panel={panel}
            data={data}
            width={size.width}
            height={size.height}
            utc={false}
            syncKey={undefined}
            onZoom={onZoom}
            marks={[]}
            fill={(text) => text}
          />
        )}
      </div>
    </div>
  );
}

const rowLimit = 500;

function SeriesText({ series }: { series: Series }): JSX.Element {
  const { __name__: name = '', ...labels } = series.labels;
  const pairs = Object.entries(labels);
  return (
    <span class="mono break">
      <span class="tok-metric">{name}</span>
      {pairs.length > 0 && '{'}
      {pairs.map(([label, value], index) => (
        <span key={label}>
          {index > 0 && ', '}
          <span class="tok-label">{label}</span>=<span class="tok-string">{JSON.stringify(value)}</span>
        </span>
      ))}
      {pairs.length > 0 && '}'}
      {name === '' && pairs.length === 0 && '{}'}
    </span>
  );
}

function Table({ answer }: { answer: QueryAnswer }): JSX.Element {
  if (answer.type === 'string') return <p class="mono">{answer.text}</p>;
  if (answer.series.length === 0) return <Empty title="Empty result" />;
  return (
    <div class="table-box">
      <table class="data">
        <thead>
          <tr>
            <th scope="col">{answer.type === 'scalar' ? 'Scalar' : `${answer.series.length} series`}</th>
            <th scope="col" class="num">
              Value
            </th>
          </tr>
        </thead>
        <tbody>
          {answer.series.slice(0, rowLimit).map((series, index) => (
            <tr key={index}>
              <td>
                <SeriesText series={series} />
              </td>
              <td class="num mono">
                {series.values.slice(-20).map((value, at) => (
                  <div key={at}>
                    {String(value)}
                    {answer.type === 'matrix' && (
                      <small class="dim">
                        {' '}
                        @ {formatDateTime(series.times.at(-20 + at) ?? series.times[at] ?? 0)}
                      </small>
                    )}
                  </div>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {answer.series.length > rowLimit && <p class="dim">The first {rowLimit} are shown.</p>}
    </div>
  );
}

function readAddress(search: URLSearchParams): {
  expressions: string[];
  tab: 'graph' | 'table';
  from: string;
  to: string;
} {
  // g0.expr, g0.range_input: links of Prometheus's own pages, as rules put them into generatorURL.
  const old = [...search].filter(([name]) => /^g\d+\.expr$/.test(name)).map(([, value]) => value);
  const expressions = [...search.getAll('expr'), ...old];
  return {
    expressions: expressions.length === 0 ? [''] : expressions,
    tab: search.get('tab') === 'table' || search.get('g0.tab') === '1' ? 'table' : 'graph',
    from: search.get('from') ?? `now-${search.get('g0.range_input') ?? '1h'}`,
    to: search.get('to') ?? 'now',
  };
}

function Results({
  run,
  answers,
  onZoom,
}: {
  run: Run;
  answers: readonly Answer[];
  onZoom: (range: AbsoluteRange) => void;
}): JSX.Element {
  const warnings = [...new Set(answers.flatMap(({ answer }) => answer?.warnings ?? []))];
  const total = answers.reduce((sum, { answer }) => sum + (answer?.series.length ?? 0), 0);
  const some = answers.some(({ answer }) => answer !== undefined);
  return (
    <section class="card">
      {warnings.map((warning) => (
        <Note key={warning} tone="warn">
          {warning}
        </Note>
      ))}
      <p class="dim explore-stats">
        {total} series · {Math.round(Math.max(...answers.map((one) => one.tookMs)))} ms
        {run.tab === 'graph' ? ` · step ${run.step / 1000} s` : ''}
      </p>
      {run.tab === 'graph'
        ? some &&
          (total === 0 ? (
            <Empty title="Empty result">No series in this range.</Empty>
          ) : (
            <Graph answers={answers} run={run} onZoom={onZoom} />
          ))
        : answers.map(({ answer }, index) => answer && <Table key={index} answer={answer} />)}
    </section>
  );
}

export function ExplorePage(): JSX.Element {
  const address = readAddress(location.value.search);
  const [drafts, setDrafts] = useState(address.expressions);
  const [refresh, setRefresh] = useState('');
  const [answers, setAnswers] = useState<{ run: Run; answers: Answer[] } | undefined>(undefined);
  const [showHistory, setShowHistory] = useState(false);
  const { range, reload } = useRange(address, refresh);
  const scrapeInterval = useScrapeInterval();
  const inAddress = address.expressions.join('\n\n');
  useEffect(() => setDrafts(address.expressions), [inAddress]);

  useEffect(() => {
    const expressions = address.expressions.filter((expr) => expr.trim() !== '');
    if (expressions.length === 0) {
      setAnswers(undefined);
      return undefined;
    }
    const { step } = chooseSteps({ range, maxDataPoints: Math.min(1000, window.innerWidth), scrapeInterval });
    const run: Run = { expressions, range, step, tab: address.tab };
    const control = new AbortController();
    Promise.all(expressions.map((expr) => runOne(expr, run, control.signal)))
      .then((done) => !control.signal.aborted && setAnswers({ run, answers: done }))
      .catch(() => undefined);
    return () => control.abort();
  }, [inAddress, address.tab, range.from, range.to, scrapeInterval]);

  const runDrafts = (next = drafts): void => {
    const filled = next.filter((expr) => expr.trim() !== '');
    addToHistory(filled);
    if (filled.join('\n\n') === inAddress) reload();
    else setSearch({ expr: filled, 'g0.expr': undefined });
  };
  const change = (index: number, value: string): void =>
    setDrafts(drafts.map((expr, at) => (at === index ? value : expr)));
  const remove = (index: number): void => {
    const next = drafts.filter((_expr, at) => at !== index);
    setDrafts(next.length === 0 ? [''] : next);
    runDrafts(next);
  };
  const errorOf = (draft: string): string | undefined => {
    const at = answers?.run.expressions.indexOf(draft) ?? -1;
    return at < 0 ? undefined : answers?.answers[at]?.error;
  };
  return (
    <div class="explore">
      <PageHead title="Explore">
        <CopyButton text={window.location.href} label="Copy the address of this view" />
        <TimePicker
          range={address}
          refresh={refresh}
          onChange={(next) => setSearch({ from: next.from, to: next.to })}
          onRefresh={setRefresh}
          onReload={() => runDrafts()}
        />
      </PageHead>
      <section class="card queries">
        {drafts.map((draft, index) => (
          <div class="query" key={index}>
            <span class="query-ref">{String.fromCodePoint(65 + index)}</span>
            <QueryEditor
              value={draft}
              onChange={(value) => change(index, value)}
              onRun={() => runDrafts()}
              error={errorOf(draft)}
              label={`Query ${index + 1}`}
            />
            {drafts.length > 1 && (
              <IconButton icon="close" label={`Remove query ${index + 1}`} onClick={() => remove(index)} />
            )}
          </div>
        ))}
        <div class="query-actions">
          <button type="button" class="primary" onClick={() => runDrafts()}>
            Run
          </button>
          <button type="button" onClick={() => setDrafts([...drafts, ''])}>
            <Icon name="plus" size={13} /> Query
          </button>
          <button type="button" aria-expanded={showHistory} onClick={() => setShowHistory(!showHistory)}>
            History
          </button>
          <div class="tabs" role="tablist">
            {(['graph', 'table'] as const).map((tab) => (
              <button
                type="button"
                key={tab}
                role="tab"
                aria-selected={address.tab === tab}
                onClick={() => setSearch({ tab, 'g0.tab': undefined }, { replace: true })}
              >
                {tab === 'graph' ? 'Graph' : 'Table'}
              </button>
            ))}
          </div>
        </div>
        {showHistory && (
          <ul class="history">
            {history().map((expr) => (
              <li key={expr}>
                <button
                  type="button"
                  class="mono"
                  onClick={() => {
                    const next = drafts.map((draft, at) => (at === drafts.length - 1 ? expr : draft));
                    setDrafts(next);
                    setShowHistory(false);
                    runDrafts(next);
                  }}
                >
                  {expr}
                </button>
              </li>
            ))}
            {history().length === 0 && (
              <li class="dim">Queries that you run are kept here, in this browser.</li>
            )}
          </ul>
        )}
      </section>
      {answers ? (
        <Results
          run={answers.run}
          answers={answers.answers}
          onZoom={(zoomed) => setSearch({ from: String(zoomed.from), to: String(zoomed.to) })}
        />
      ) : (
        <Empty title="Ask something">
          Write an expression and press Enter. Ctrl+Space completes, Shift+Enter breaks the line.
        </Empty>
      )}
    </div>
  );
}
