import { signal } from '@preact/signals';
import type { JSX } from 'preact';

interface Toast {
  id: number;
  text: string;
  tone: 'ok' | 'bad';
}

const toasts = signal<Toast[]>([]);
let next = 0;

/** Tells the outcome of an action for a few seconds. */
export function toast(text: string, tone: 'ok' | 'bad' = 'ok'): void {
  const id = next++;
  toasts.value = [...toasts.value, { id, text, tone }];
  setTimeout(
    () => (toasts.value = toasts.value.filter((one) => one.id !== id)),
    tone === 'bad' ? 8000 : 3500,
  );
}

/** Runs an action and tells how it went. Gives whether it succeeded. */
export async function attempt(action: () => Promise<unknown>, done: string): Promise<boolean> {
  try {
    await action();
    toast(done);
    return true;
  } catch (error) {
    toast(error instanceof Error ? error.message : 'it failed', 'bad');
    return false;
  }
}

export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((one) => (
        <div key={one.id} class={`toast ${one.tone}`}>
          {one.text}
        </div>
      ))}
    </div>
  );
}
