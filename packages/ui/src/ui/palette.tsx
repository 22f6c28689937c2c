import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { dashboards } from '../api/prunella.ts';
import { metricNames } from '../api/metric-names.ts';
import { navigate } from '../router.ts';
import { toggleTheme } from '../theme.ts';
import { exploreHref } from './basics.tsx';
import { Modal } from './dialog.tsx';
import { pages, paletteOpen } from './shortcuts.tsx';

interface Entry {
  kind: string;
  text: string;
  run: () => void;
}

const go = (href: string) => (): void => navigate(href);

const fixed: Entry[] = [
  ...pages.map((page) => ({ kind: 'Page', text: page.title, run: go(page.path) })),
  { kind: 'Action', text: 'Switch dark and light', run: toggleTheme },
  { kind: 'Action', text: 'New silence', run: go('/silences?new=1') },
];

/** All words occur; those that begin the text come first. */
function score(text: string, words: readonly string[]): number {
  const lower = text.toLowerCase();
  if (!words.every((word) => lower.includes(word))) return -1;
  return words.reduce((total, word) => total + (lower.startsWith(word) ? 3 : 1), 0);
}

/** The pages at once, dashboards and metrics when they have come. */
function useEntries(): Entry[] {
  const [loaded, setLoaded] = useState<Entry[]>([]);
  useEffect(() => {
    const add = (entries: Entry[]): void => setLoaded((old) => [...old, ...entries]);
    const dashboardEntry = ({ uid, title }: { uid: string; title: string }): Entry => ({
      kind: 'Dashboard',
      text: title,
      run: go(`/d/${encodeURIComponent(uid)}`),
    });
    const metricEntry = (name: string): Entry => ({ kind: 'Metric', text: name, run: go(exploreHref(name)) });
    // What cannot be loaded is not found; the pages still are.
    dashboards().then(
      (found) => add(found.map(dashboardEntry)),
      () => undefined,
    );
    metricNames().then(
      (names) => add([...names].map(metricEntry)),
      () => undefined,
    );
  }, []);
  return [...fixed, ...loaded];
}

function search(all: readonly Entry[], text: string): Entry[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const isMetric = ({ kind }: Entry): number => Number(kind === 'Metric');
  return all
    .filter((entry) => words.length > 0 || entry.kind !== 'Metric')
    .map((entry) => ({ entry, rank: score(entry.text, words) }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => isMetric(a.entry) - isMetric(b.entry) || b.rank - a.rank)
    .slice(0, 40)
    .map(({ entry }) => entry);
}

function Palette(): JSX.Element {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const entries = search(useEntries(), text);
  const close = (): void => void (paletteOpen.value = false);
  const run = (entry: Entry | undefined): void => {
    close();
    entry?.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setChosen(Math.min(entries.length - 1, Math.max(0, chosen + step)));
    } else if (event.key === 'Enter') run(entries[chosen]);
  };
  return (
    <Modal title="Search" onClose={close}>
      <input
        class="palette-input"
        autofocus
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-label="Search pages, dashboards and metrics"
        placeholder="Page, dashboard, metric…"
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul class="palette-list" id="palette-list" role="listbox">
        {entries.map((entry, index) => (
          <li
            key={`${entry.kind}${entry.text}`}
            role="option"
            aria-selected={index === chosen}
            onPointerEnter={() => setChosen(index)}
            onClick={() => run(entry)}
          >
            <span>{entry.text}</span>
            <small>{entry.kind}</small>
          </li>
        ))}
        {entries.length === 0 && <li class="dim">Nothing found</li>}
      </ul>
    </Modal>
  );
}

export function PaletteHost(): JSX.Element | null {
  return paletteOpen.value ? <Palette /> : null;
}
