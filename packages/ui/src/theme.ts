import { signal, type Signal } from '@preact/signals';

export type Theme = 'dark' | 'light';

const key = 'prunella.theme';
const system = window.matchMedia('(prefers-color-scheme: light)');

function stored(): Theme | undefined {
  const value = recall(key);
  return value === 'dark' || value === 'light' ? value : undefined;
}

/** A small setting that this browser keeps; undefined where storage is switched off. */
export function recall(name: string): string | undefined {
  try {
    return window.localStorage.getItem(name) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(name: string, value: string): void {
  try {
    window.localStorage.setItem(name, value);
  } catch {
    // Private windows may refuse; the setting then lives as long as the page.
  }
}

/** What is shown now: the reader's choice, else what the system prefers. */
export const theme: Signal<Theme> = signal(stored() ?? (system.matches ? 'light' : 'dark'));

function apply(next: Theme): void {
  theme.value = next;
  document.documentElement.dataset['theme'] = next;
}

export function toggleTheme(): void {
  const next = theme.value === 'dark' ? 'light' : 'dark';
  remember(key, next);
  apply(next);
}

export function startTheme(): void {
  apply(theme.value);
  system.addEventListener('change', () => {
    if (!stored()) apply(system.matches ? 'light' : 'dark');
  });
}

/** The present value of a CSS variable, for canvases, which do not know CSS. */
export function cssVariable(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
