import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { location, setSearch } from '../router.ts';
import type { AbsoluteRange } from '../time.ts';
import { CopyButton, Empty, IconButton, Note, PageHead } from '../ui/basics.tsx';
import { Icon } from '../ui/icon.tsx';
import { TimePicker } from '../ui/time-picker.tsx';
import { useRange } from '../view/clock.ts';
import { QueryEditor } from '../view/query-editor.tsx';
import { QueryGraph } from '../view/query-graph.tsx';
import { addToHistory, queryHistory } from '../view/query-history.ts';
import { useAnswers, type Answer, type QueryRun, type QueryTab } from '../view/query-run.ts';
import { QueryTable } from '../view/query-table.tsx';

interface Address {
  expressions: string[];
  tab: QueryTab;
  from: string;
  to: string;
}

/** The view that an address describes, so that it can be shared; also `g0.expr` as Prometheus's own links write it. */
function readAddress(search: URLSearchParams): Address {
  const old = [...search].filter(([name]) => /^g\d+\.expr$/.test(name)).map(([, value]) => value);
  const expressions = search.has('expr') ? search.getAll('expr') : old;
  return {
    expressions: expressions.length === 0 ? [''] : expressions,
    tab: (search.get('tab') ?? (search.get('g0.tab') === '1' ? 'table' : '')) === 'table' ? 'table' : 'graph',
    from: search.get('from') ?? `now-${search.get('g0.range_input') ?? '1h'}`,
    to: search.get('to') ?? 'now',
  };
}

interface ResultsProps {
  run: QueryRun;
  answers: readonly Answer[];
  onZoom: (range: AbsoluteRange) => void;
}

function Results({ run, answers, onZoom }: ResultsProps): JSX.Element {
  const warnings = [...new Set(answers.flatMap(({ answer }) => answer?.warnings ?? []))];
  const total = answers.reduce((sum, { answer }) => sum + (answer?.series.length ?? 0), 0);
  const answered = answers.some(({ answer }) => answer !== undefined);
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
      {run.tab === 'table' &&
        answers.map(({ answer }, index) => answer && <QueryTable key={index} answer={answer} />)}
      {run.tab === 'graph' && answered && total === 0 && (
        <Empty title="Empty result">No series in this range.</Empty>
      )}
      {run.tab === 'graph' && total > 0 && <QueryGraph answers={answers} run={run} onZoom={onZoom} />}
    </section>
  );
}

function History({ onChoose }: { onChoose: (expr: string) => void }): JSX.Element {
  const all = queryHistory();
  return (
    <ul class="history">
      {all.map((expr) => (
        <li key={expr}>
          <button type="button" class="mono" onClick={() => onChoose(expr)}>
            {expr}
          </button>
        </li>
      ))}
      {all.length === 0 && <li class="dim">Queries that you run are kept here, in this browser.</li>}
    </ul>
  );
}

function Tabs({ tab }: { tab: QueryTab }): JSX.Element {
  return (
    <div class="tabs" role="tablist">
      {(['graph', 'table'] as const).map((one) => (
        <button
          type="button"
          key={one}
          role="tab"
          aria-selected={tab === one}
          onClick={() => setSearch({ tab: one }, { replace: true })}
        >
          {one === 'graph' ? 'Graph' : 'Table'}
        </button>
      ))}
    </div>
  );
}

interface QueriesProps {
  drafts: readonly string[];
  errorOf: (draft: string) => string | undefined;
  onChange: (drafts: string[]) => void;
  onRun: (drafts: readonly string[]) => void;
  tab: QueryTab;
}

/** The editors, one below the other, and what can be done with them. */
function Queries({ drafts, errorOf, onChange, onRun, tab }: QueriesProps): JSX.Element {
  const [showHistory, setShowHistory] = useState(false);
  const replaced = (index: number, expr: string): string[] =>
    drafts.map((old, at) => (at === index ? expr : old));
  const chooseOld = (expr: string): void => {
    const next = replaced(drafts.length - 1, expr);
    setShowHistory(false);
    onChange(next);
    onRun(next);
  };
  const remove = (index: number): void => {
    const next = drafts.filter((_expr, at) => at !== index);
    onChange(next);
    onRun(next);
  };
  return (
    <section class="card queries">
      {drafts.map((draft, index) => (
        <div class="query" key={index}>
          <span class="query-ref">{String.fromCodePoint(65 + index)}</span>
          <QueryEditor
            value={draft}
            onChange={(value) => onChange(replaced(index, value))}
            onRun={() => onRun(drafts)}
            error={errorOf(draft)}
            label={`Query ${index + 1}`}
          />
          {drafts.length > 1 && (
            <IconButton icon="close" label={`Remove query ${index + 1}`} onClick={() => remove(index)} />
          )}
        </div>
      ))}
      <div class="query-actions">
        <button type="button" class="primary" onClick={() => onRun(drafts)}>
          Run
        </button>
        <button type="button" onClick={() => onChange([...drafts, ''])}>
          <Icon name="plus" size={13} /> Query
        </button>
        <button type="button" aria-expanded={showHistory} onClick={() => setShowHistory(!showHistory)}>
          History
        </button>
        <Tabs tab={tab} />
      </div>
      {showHistory && <History onChoose={chooseOld} />}
    </section>
  );
}

export function ExplorePage(): JSX.Element {
  const address = readAddress(location.value.search);
  const [drafts, setDrafts] = useState(address.expressions);
  const [refresh, setRefresh] = useState('');
  const { range, reload } = useRange(address, refresh);
  const result = useAnswers(address.expressions, range, address.tab);
  const inAddress = address.expressions.join('\n\n');
  useEffect(() => setDrafts(address.expressions), [inAddress]);
  const run = (next: readonly string[]): void => {
    const filled = next.filter((expr) => expr.trim() !== '');
    addToHistory(filled);
    if (filled.join('\n\n') === inAddress) reload();
    else setSearch({ expr: filled });
  };
  const errorOf = (draft: string): string | undefined => {
    const at = result?.run.expressions.indexOf(draft) ?? -1;
    return at < 0 ? undefined : result?.answers[at]?.error;
  };
  const zoom = (zoomed: AbsoluteRange): void =>
    setSearch({ from: String(zoomed.from), to: String(zoomed.to) });
  return (
    <div class="explore">
      <PageHead title="Explore">
        <CopyButton text={window.location.href} label="Copy the address of this view" />
        <TimePicker
          range={address}
          refresh={refresh}
          onChange={(next) => setSearch({ from: next.from, to: next.to })}
          onRefresh={setRefresh}
          onReload={() => run(drafts)}
        />
      </PageHead>
      <Queries drafts={drafts} errorOf={errorOf} onChange={setDrafts} onRun={run} tab={address.tab} />
      {result ? (
        <Results run={result.run} answers={result.answers} onZoom={zoom} />
      ) : (
        <Empty title="Ask something">
          Write an expression and press Enter. Ctrl+Space completes, Shift+Enter breaks the line.
        </Empty>
      )}
    </div>
  );
}
