import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { metricNames } from '../api/metric-names.ts';
import { labelNames, labelValues } from '../api/prometheus.ts';
import {
  contextAt,
  rankSuggestions,
  wordSuggestions,
  type Context,
  type Suggestion,
} from '../promql/complete.ts';

async function suggestionsFor(context: Context): Promise<Suggestion[]> {
  if (context.kind === 'none') return [];
  if (context.kind === 'word') {
    const names = [...(await metricNames().catch(() => new Set<string>()))];
    const metrics = names.map((text): Suggestion => ({ text, insert: text, kind: 'metric', help: '' }));
    return [...metrics, ...wordSuggestions()];
  }
  const selectors = context.metric === '' ? [] : [context.metric];
  if (context.kind === 'label') {
    const names = (await labelNames(selectors)).filter((name) => name !== '__name__');
    return names.map((text): Suggestion => ({ text, insert: text, kind: 'label', help: '' }));
  }
  const values = await labelValues(context.label, selectors);
  return values.map((text): Suggestion => ({
    text,
    insert: text.replace(/["\\]/g, '\\$&'),
    kind: 'value',
    help: '',
  }));
}

export interface Popup {
  /** Where the word that is being written begins. */
  from: number;
  items: Suggestion[];
  chosen: number;
}

export interface Completion {
  popup: Popup | undefined;
  /** Looks for suggestions at the caret. `forced` also when little was written. */
  suggest: (text: string, caret: number, forced: boolean) => void;
  move: (step: number) => void;
  close: () => void;
}

/** What may be written at the caret. Answers that come late, for an older text, are dropped. */
export function useCompletion(): Completion {
  const [popup, setPopup] = useState<Popup | undefined>(undefined);
  const turn = useRef(0);
  useEffect(() => () => void turn.current++, []);
  const close = (): void => {
    turn.current++;
    setPopup(undefined);
  };
  const suggest = (text: string, caret: number, forced: boolean): void => {
    const context = contextAt(text, caret);
    const own = ++turn.current;
    if (context.kind === 'none' || (!forced && context.kind === 'word' && context.prefix.length < 2)) {
      setPopup(undefined);
      return;
    }
    const show = (all: Suggestion[]): void => {
      const items = rankSuggestions(all, context.prefix);
      if (own === turn.current)
        setPopup(items.length === 0 ? undefined : { from: context.from, items, chosen: 0 });
    };
    suggestionsFor(context).then(show, () => show([]));
  };
  const move = (step: number): void => {
    if (popup)
      setPopup({ ...popup, chosen: (popup.chosen + step + popup.items.length) % popup.items.length });
  };
  return { popup, suggest, move, close };
}

interface SuggestionsProps {
  popup: Popup;
  /** Letters from the left edge. */
  column: number;
  onAccept: (item: Suggestion) => void;
}

export function Suggestions({ popup, column, onAccept }: SuggestionsProps): JSX.Element {
  return (
    <ul
      class="popover suggestions"
      role="listbox"
      style={{ left: `max(0px, min(calc(${column}ch + 8px), calc(100% - 300px)))` }}
    >
      {popup.items.map((item, index) => (
        <li
          key={item.kind + item.text}
          role="option"
          aria-selected={index === popup.chosen}
          ref={(element) => void (index === popup.chosen && element?.scrollIntoView({ block: 'nearest' }))}
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onAccept(item)}
        >
          <i class={`kind ${item.kind}`}>{item.kind[0]}</i>
          <span>{item.text}</span>
          {item.help !== '' && <small>{item.help}</small>}
        </li>
      ))}
    </ul>
  );
}
