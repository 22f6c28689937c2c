import { signal, type Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { navigate } from '../router.ts';
import { toggleTheme } from '../theme.ts';
import { Modal } from './dialog.tsx';
import type { IconName } from './icon.tsx';

export interface PageEntry {
  path: string;
  title: string;
  icon: IconName;
  /** Pressed after g. */
  key: string;
}

export const pages: readonly PageEntry[] = [
  { path: '/', title: 'Overview', icon: 'overview', key: 'o' },
  { path: '/dashboards', title: 'Dashboards', icon: 'dashboards', key: 'd' },
  { path: '/explore', title: 'Explore', icon: 'explore', key: 'e' },
  { path: '/alerts', title: 'Alerts', icon: 'alerts', key: 'a' },
  { path: '/silences', title: 'Silences', icon: 'silences', key: 's' },
  { path: '/notifications', title: 'Notifications', icon: 'notifications', key: 'n' },
  { path: '/receivers', title: 'Receivers', icon: 'receivers', key: 'r' },
  { path: '/incidents', title: 'Incidents', icon: 'incidents', key: 'i' },
  { path: '/services', title: 'Services', icon: 'services', key: 'w' },
  { path: '/targets', title: 'Targets', icon: 'targets', key: 't' },
  { path: '/status', title: 'Status', icon: 'status', key: 'x' },
];

export const helpOpen: Signal<boolean> = signal(false);
export const paletteOpen: Signal<boolean> = signal(false);

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

let jumpUntil = 0;

function onKey(event: KeyboardEvent): void {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    paletteOpen.value = true;
    return;
  }
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    isTyping(event.target) ||
    document.querySelector('dialog[open]')
  )
    return;
  const page = event.timeStamp < jumpUntil ? pages.find(({ key }) => key === event.key) : undefined;
  jumpUntil = 0;
  if (page) navigate(page.path);
  else if (event.key === 'g') jumpUntil = event.timeStamp + 1500;
  else if (event.key === '/') {
    event.preventDefault();
    paletteOpen.value = true;
  } else if (event.key === '?') helpOpen.value = true;
  else if (event.key === 'T') toggleTheme();
}

export function startShortcuts(): void {
  document.addEventListener('keydown', onKey);
}

const others: [string, string][] = [
  ['/', 'Search pages, dashboards and metrics'],
  ['?', 'This help'],
  ['T', 'Dark or light'],
  ['Esc', 'Close'],
];

export function HelpHost(): JSX.Element | null {
  if (!helpOpen.value) return null;
  return (
    <Modal title="Keyboard" onClose={() => (helpOpen.value = false)}>
      <dl class="keys">
        {others.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
        {pages.map((page) => (
          <div key={page.path}>
            <dt>
              <kbd>g</kbd> <kbd>{page.key}</kbd>
            </dt>
            <dd>{page.title}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
