import { signal, type Signal } from '@preact/signals';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export type EventName = 'incident' | 'alerts' | 'inbox' | 'workloads' | 'reload';
const names: readonly EventName[] = ['incident', 'alerts', 'inbox', 'workloads', 'reload'];

type Listener = () => void;
const listeners = new Map<EventName, Set<Listener>>(names.map((name) => [name, new Set()]));

/** Whether the server's event stream is connected. */
export const connected: Signal<boolean | undefined> = signal(undefined);

/** Opens the stream of server-sent events once; the browser reconnects by itself. */
export function startLive(): void {
  const source = new EventSource('/api/prunella/events');
  source.addEventListener('open', () => {
    const again = connected.value === false;
    connected.value = true;
    if (again) for (const name of names) notify(name); // catch up with what was missed
  });
  source.addEventListener('error', () => (connected.value = false));
  for (const name of names) source.addEventListener(name, () => notify(name));
  // Else the browser shows an error in the console when a page is left.
  window.addEventListener('pagehide', () => source.close());
}

function notify(name: EventName): void {
  for (const listener of listeners.get(name) ?? []) listener();
}

function subscribe(events: readonly EventName[], listener: Listener): () => void {
  for (const name of events) listeners.get(name)?.add(listener);
  return () => {
    for (const name of events) listeners.get(name)?.delete(listener);
  };
}

export interface Resource<T> {
  data: T | undefined;
  error: string | undefined;
  refresh: () => void;
}

export interface ResourceOptions {
  /** Load again when the server says that one of these changed. */
  events?: readonly EventName[];
  /** ms; load again this often while the page is visible. */
  everyMs?: number;
  /** false = do not load. */
  enabled?: boolean;
}

/**
 * Loads something and keeps it fresh. The last good answer stays while a newer one is under way or fails;
 * a change of `key` starts anew.
 */
export function useResource<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  options: ResourceOptions = {},
): Resource<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: string }>({ key });
  const loader = useRef(load);
  loader.current = load;
  const pending = useRef<AbortController | undefined>(undefined);
  const { everyMs, enabled = true } = options;
  const events = (options.events ?? []).join(',');

  const refresh = useCallback(() => {
    pending.current?.abort();
    const control = new AbortController();
    pending.current = control;
    loader.current(control.signal).then(
      (data) => {
        if (!control.signal.aborted) setState({ key, data });
      },
      (error: unknown) => {
        if (control.signal.aborted) return;
        const message = error instanceof Error ? error.message : 'the request failed';
        setState((old) => (old.key === key ? { ...old, error: message } : { key, error: message }));
      },
    );
  }, [key]);

  useEffect(() => {
    if (!enabled) return undefined;
    refresh();
    const wanted = names.filter((name) => events.split(',').includes(name));
    let soon: ReturnType<typeof setTimeout> | undefined;
    const unsubscribe = subscribe(wanted, () => {
      clearTimeout(soon);
      soon = setTimeout(refresh, 100); // several events often come together
    });
    const timer =
      everyMs === undefined ? undefined : setInterval(() => !document.hidden && refresh(), everyMs);
    return () => {
      unsubscribe();
      clearTimeout(soon);
      clearInterval(timer);
      pending.current?.abort();
    };
  }, [refresh, everyMs, enabled, events]);

  return state.key === key
    ? { data: state.data, error: state.error, refresh }
    : { data: undefined, error: undefined, refresh };
}

/** The time now, anew every `everyMs`, for ages and durations on the page. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
