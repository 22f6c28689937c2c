import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** Closes an open popover on Esc and on a press outside the element that the ref is put on. */
export function usePopover(open: boolean, close: () => void): RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const onKey = (event: KeyboardEvent): void => void (event.key === 'Escape' && close());
    const onPress = (event: PointerEvent): void =>
      void (!box.current?.contains(event.target as Node) && close());
    document.addEventListener('pointerdown', onPress);
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('pointerdown', onPress);
      document.removeEventListener('keydown', onKey);
    };
  }, [open]);
  return box;
}
