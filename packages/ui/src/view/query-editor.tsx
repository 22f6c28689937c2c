import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { errorPosition, type Suggestion } from '../promql/complete.ts';
import { tokenize } from '../promql/tokens.ts';
import { Suggestions, useCompletion } from './completion.tsx';

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

/** The message under its place. Long lines are cut around it, so that the caret stays in view. */
function ErrorLine({ expr, error }: { expr: string; error: string }): JSX.Element {
  const position = errorPosition(error);
  const line = position ? (expr.split('\n')[position.line - 1] ?? '') : '';
  if (!position || line === '') {
    return (
      <div class="query-error" role="alert">
        {error}
      </div>
    );
  }
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

/** A PromQL editor: colours, completion (also with Ctrl+Space), Enter runs, Shift+Enter breaks the line. */
export function QueryEditor({ value, onChange, onRun, error, label }: EditorProps): JSX.Element {
  const area = useRef<HTMLTextAreaElement>(null);
  const caretAfter = useRef<number | undefined>(undefined);
  const { popup, suggest, move, close } = useCompletion();

  useLayoutEffect(() => {
    if (caretAfter.current === undefined) return;
    area.current?.setSelectionRange(caretAfter.current, caretAfter.current);
    caretAfter.current = undefined;
  });

  const accept = (item: Suggestion | undefined): void => {
    if (!popup || !item || !area.current) return;
    caretAfter.current = popup.from + item.insert.length;
    onChange(value.slice(0, popup.from) + item.insert + value.slice(area.current.selectionStart));
    close();
    area.current.focus();
  };
  /** Whether the key was meant for the list of suggestions. */
  const steer = (event: KeyboardEvent): boolean => {
    if (!popup) return false;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') move(event.key === 'ArrowDown' ? 1 : -1);
    else if (event.key === 'Tab' || (event.key === 'Enter' && !event.shiftKey))
      accept(popup.items[popup.chosen]);
    else if (event.key === 'Escape') close();
    else return false;
    return true;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === ' ' && event.ctrlKey) suggest(value, area.current?.selectionStart ?? 0, true);
    else if (!steer(event)) {
      if (event.key !== 'Enter' || event.shiftKey) return;
      onRun();
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const lineStart = popup ? value.lastIndexOf('\n', popup.from - 1) + 1 : 0;
  return (
    <div class="editor">
      <div class="editor-box">
        <pre class="editor-colors" aria-hidden="true">
          <Highlighted expr={value} />
        </pre>
        <textarea
          ref={area}
          value={value}
          rows={Math.min(12, value.split('\n').length)}
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
          onBlur={() => setTimeout(close, 150)}
        />
        {popup && <Suggestions popup={popup} column={popup.from - lineStart} onAccept={accept} />}
      </div>
      {error !== undefined && <ErrorLine expr={value} error={error} />}
    </div>
  );
}
