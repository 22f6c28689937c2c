/** The form for a new silence, filled with the labels of an alert. */
export function silenceHref(labels: Record<string, string>): string {
  const search = new URLSearchParams(
    Object.entries(labels).map(([name, value]) => ['match', `${name}=${value}`]),
  );
  search.set('new', '1');
  return `/silences?${search.toString()}`;
}
