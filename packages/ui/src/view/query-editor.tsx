import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { metricNames } from '../api/metric-names.ts';
import { labelNames, labelValues } from '../api/prometheus.ts';
import {
  contextAt,
  errorPosition,
  rankSuggestions,
  wordSuggestions,
  type Context,
  type Suggestion,
} from '../promql/complete.ts';
import { tokenize } from '../promql/tokens.ts';

interface EditorProps {
  value: string;
  onChange: (value: string) => void;
  onRun: () => void;
  /** The server's complaint about this expression. */
  error: string | undefined;
  label: string;
}

/** The expression in colours; the textarea above it is transparent. */
function Highlighted({ expr }: { expr: string }): JSX.Element {
  return (
    <>
      {tokenize(expr).map((token) => (
        <span key={token.start} class={`tok-${token.kind}`}>
          {token.text}
        </span>
      ))}
      {'\n'}
    </>
  );
}

async function suggestionsFor(context: Context): Promise<Suggestion[]> {
  switch (context.kind) {
    case 'word': {
      const names = [...(await metricNames().catch(() => new Set<string>()))];
      const metrics = names.map((text): Suggestion => ({ text, insert: text, kind: 'metric', help: '' }));
      return [...metrics, ...wordSuggestions()];
    }
    case 'label': {
      const names = await labelNames(context.metric === '' ? [] : [context.metric]);
      return names
        .filter((name) => name !== '__name__')
        .map((text): Suggestion => ({ text, insert: text, kind: 'label', help: '' }));
    }
    case 'value': {
      const values = await labelValues(context.label, context.metric === '' ? [] : [context.metric]);
      return values.map((text): Suggestion => ({
        text,
        insert: text.replace(/["\\]/g, '\\$&'),
        kind: 'value',
        help: '',
      }));
    }
    case 'none':
      return [];
  }
}

function ErrorLine({ expr, error }: { expr: string; error: string }): JSX.Element {
  const position = errorPosition(error);
  const line = position ? (expr.split('\n')[position.line - 1] ?? '') : '';
  if (!position || line === '')
    return (
      <div class="query-error" role="alert">
        {error}
      </div>
    );
  // Long lines are cut around the place, so that the caret stays in view.
  const start = Math.max(0, position.column - 60);
  return (
    <div class="query-error" role="alert">
      <pre>
        {line.slice(start, start + 110)}
        {'\n'}
        {' '.repeat(Math.max(0, position.column - 1 - start))}^ {position.text}
      </pre>
    </div>
  );
}

interface Popup {
  context: Exclude<Context, { kind: 'none' }>;
  items: Suggestion[];
  chosen: number;
}

/** A PromQL editor: colours, completion (also with Ctrl+Space), Enter runs, Shift+Enter breaks the line. */
export function QueryEditor({ value, onChange, onRun, error, label }: EditorProps): JSX.Element {
  const area = useRef<HTMLTextAreaElement>(null);
  const [popup, setPopup] = useState<Popup | undefined>(undefined);
  const caretAfter = useRef<number | undefined>(undefined);
  const asked = useRef(0);
  const rows = useMemo(() => Math.min(12, value.split('\n').length), [value]);

  useLayoutEffect(() => {
    if (caretAfter.current === undefined) return;
    area.current?.setSelectionRange(caretAfter.current, caretAfter.current);
    caretAfter.current = undefined;
  });
  useEffect(() => () => void asked.current++, []);

  const suggest = (text: string, caret: number, forced: boolean): void => {
    const context = contextAt(text, caret);
    const turn = ++asked.current;
    if (context.kind === 'none' || (!forced && context.kind === 'word' && context.prefix.length < 2)) {
      setPopup(undefined);
      return;
    }
    suggestionsFor(context).then(
      (all) => {
        if (turn !== asked.current) return;
        const items = rankSuggestions(all, context.prefix);
        setPopup(items.length === 0 ? undefined : { context, items, chosen: 0 });
      },
      () => setPopup(undefined),
    );
  };

  const accept = (item: Suggestion | undefined): void => {
    if (!popup || !item || !area.current) return;
    const caret = area.current.selectionStart;
    const next = value.slice(0, popup.context.from) + item.insert + value.slice(caret);
    caretAfter.current = popup.context.from + item.insert.length;
    asked.current++;
    setPopup(undefined);
    onChange(next);
    area.current.focus();
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      suggest(value, area.current?.selectionStart ?? 0, true);
      return;
    }
    if (popup) {
      const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
      if (step !== 0)
        setPopup({ ...popup, chosen: (popup.chosen + step + popup.items.length) % popup.items.length });
      else if (event.key === 'Tab' || (event.key === 'Enter' && !event.shiftKey))
        accept(popup.items[popup.chosen]);
      else if (event.key === 'Escape') setPopup(undefined);
      else return;
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      onRun();
    }
  };

  const column = popup ? popup.context.from - (value.lastIndexOf('\n', popup.context.from - 1) + 1) : 0;
  return (
    <div class="editor">
      <div class="editor-box">
        <pre class="editor-colors" aria-hidden="true">
          <Highlighted expr={value} />
        </pre>
        <textarea
          ref={area}
          value={value}
          rows={rows}
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          aria-label={label}
          aria-invalid={error !== undefined}
          aria-autocomplete="list"
          placeholder="PromQL, e.g. sum by (job) (rate(http_requests_total[5m]))"
          onInput={(event) => {
            onChange(event.currentTarget.value);
            suggest(event.currentTarget.value, event.currentTarget.selectionStart, false);
          }}
          onKeyDown={onKeyDown}
          onBlur={() => setTimeout(() => setPopup(undefined), 150)}
        />
        {popup && (
          <ul
            class="popover suggestions"
            role="listbox"
            style={{ left: `min(calc(${column}ch + 8px), calc(100% - 300px))` }}
          >
            {popup.items.map((item, index) => (
              <li
                key={item.kind + item.text}
                role="option"
                aria-selected={index === popup.chosen}
                ref={(element) =>
                  void (index === popup.chosen && element?.scrollIntoView({ block: 'nearest' }))
                }
                onPointerDown={(event) => event.preventDefault()}
                onClick={() => accept(item)}
              >
                <i class={`kind ${item.kind}`}>{item.kind[0]}</i>
                <span>{item.text}</span>
                {item.help !== '' && <small>{item.help}</small>}
              </li>
            ))}
          </ul>
        )}
      </div>
      {error !== undefined && <ErrorLine expr={value} error={error} />}
    </div>
  );
}
