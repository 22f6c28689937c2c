import { signal, type Signal } from '@preact/signals';

/** Where the reader is: the path without the query, and the query's parameters. */
export interface Location {
  path: string;
  search: URLSearchParams;
}

function here(): Location {
  return { path: window.location.pathname, search: new URLSearchParams(window.location.search) };
}

export const location: Signal<Location> = signal(here());

export interface NavigateOptions {
  /** Replace the entry in the history instead of adding one. */
  replace?: boolean;
}

/** Goes to a path of this application, e.g. `/d/shop?from=now-1h`. */
export function navigate(href: string, options: NavigateOptions = {}): void {
  const state = null;
  if (options.replace) window.history.replaceState(state, '', href);
  else window.history.pushState(state, '', href);
  const moved = here().path !== location.value.path;
  location.value = here();
  if (moved) window.scrollTo(0, 0);
}

/** Sets (or with undefined removes) parameters of the query and keeps the others; an array repeats the name. */
export function setSearch(
  changes: Record<string, string | string[] | undefined>,
  options?: NavigateOptions,
): void {
  const search = new URLSearchParams(location.value.search);
  for (const [name, value] of Object.entries(changes)) {
    search.delete(name);
    for (const one of value === undefined ? [] : [value].flat()) search.append(name, one);
  }
  const query = search.toString();
  navigate(location.value.path + (query === '' ? '' : `?${query}`), options);
}

/** Matches `/d/:uid` against a path; undefined when it does not fit. */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  const want = pattern.split('/');
  const have = path.replace(/(.)\/$/, '$1').split('/');
  if (want.length !== have.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of want.entries()) {
    const actual = have[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = safeDecode(actual);
    else if (part !== actual) return undefined;
  }
  return params;
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray % in an address typed by hand
  }
}

/** Whether an address is one of our pages, and not an answer of the server. */
function isPage(url: URL): boolean {
  return (
    url.origin === window.location.origin &&
    !/^\/(api|alert|hooks|-|metrics|federate|probe|collectors)(\/|$)/.test(url.pathname)
  );
}

/** Listens to the back button and to clicks on links, so that pages can use plain `<a href>`. */
export function startRouter(): void {
  window.addEventListener('popstate', () => (location.value = here()));
  document.addEventListener('click', (event) => {
    const link = (event.target as Element | null)?.closest?.('a[href]');
    if (!(link instanceof HTMLAnchorElement) || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const url = new URL(link.href);
    if (
      link.target !== '' ||
      link.hasAttribute('download') ||
      !isPage(url) ||
      link.getAttribute('href')?.startsWith('#')
    )
      return;
    event.preventDefault();
    navigate(url.pathname + url.search);
  });
}
