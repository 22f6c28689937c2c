import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
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

function Palette(): JSX.Element {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const [loaded, setLoaded] = useState<Entry[]>([]);
  useEffect(() => {
    const boards = dashboards().then((found) =>
      found.map((entry) => ({
        kind: 'Dashboard',
        text: entry.title,
        run: go(`/d/${encodeURIComponent(entry.uid)}`),
      })),
    );
    const metrics = metricNames().then((names) =>
      [...names].map((name) => ({ kind: 'Metric', text: name, run: go(exploreHref(name)) })),
    );
    for (const part of [boards, metrics])
      part.then((entries) => setLoaded((old) => [...old, ...entries])).catch(() => undefined);
  }, []);
  const entries = useMemo(() => {
    const words = text
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    const all =
      words.length === 0
        ? [...fixed, ...loaded.filter((entry) => entry.kind === 'Dashboard')]
        : [...fixed, ...loaded];
    return all
      .map((entry) => ({ entry, rank: score(entry.text, words) }))
      .filter(({ rank }) => rank >= 0)
      .sort(
        (a, b) => Number(a.entry.kind === 'Metric') - Number(b.entry.kind === 'Metric') || b.rank - a.rank,
      )
      .slice(0, 40)
      .map(({ entry }) => entry);
  }, [text, loaded]);
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
