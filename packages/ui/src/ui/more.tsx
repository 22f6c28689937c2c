import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';

interface MoreProps<T> {
  items: readonly T[];
  /** How many at first, and how many more with each step: thousands of rows make a page slow. */
  step: number;
  /** What the items are, for the button: `alerts`. */
  what: string;
  children: (items: readonly T[]) => ComponentChildren;
}

/** The first of many items, and a button for more of them. */
export function More<T>({ items, step, what, children }: MoreProps<T>): JSX.Element {
  const [shown, setShown] = useState(step);
  const rest = items.length - shown;
  return (
    <>
      {children(rest > 0 ? items.slice(0, shown) : items)}
      {rest > 0 && (
        <button type="button" class="more" onClick={() => setShown(shown + Math.max(step, 100))}>
          {`${rest.toLocaleString('en')} more ${what}`}
        </button>
      )}
    </>
  );
}
