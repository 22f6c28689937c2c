// Whether two answers say the same.
const close = (a, b) => a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1e-300);

function keyOf({ metric }) {
  return JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The floats of a series, then its histograms. */
const pointsOf = ({ value, values, histogram, histograms }) => [
  ...(values ?? (value ? [value] : [])),
  ...(histograms ?? (histogram ? [histogram] : [])),
];

/** The numbers of a point's value: one, or those of a histogram. */
function numbersOf(value) {
  if (typeof value === 'string') return [value];
  return [value.count, value.sum, ...(value.buckets ?? []).flat()];
}

function sameValue(a, b) {
  const [x, y] = [numbersOf(a), numbersOf(b)];
  if (typeof a !== typeof b || x.length !== y.length) return false;
  return x.every((each, i) => each === y[i] || close(Number(each), Number(y[i])));
}

/** @returns the first difference, in words; undefined where the answers are equal within 1e-9 */
export function difference(ours, theirs) {
  if (ours.status !== theirs.status)
    return `${ours.status} ${ours.error ?? ''} against ${theirs.status} ${theirs.error ?? ''}`;
  const [a, b] = [ours.data.result, theirs.data.result];
  if (a.length !== b.length) return `${a.length} series against ${b.length}`;
  const known = new Map(b.map((each) => [keyOf(each), pointsOf(each)]));
  for (const each of a) {
    const key = keyOf(each);
    const [x, y] = [pointsOf(each), known.get(key)];
    if (y === undefined) return `${key} is not in theirs`;
    if (x.length !== y.length) return `${key}: ${x.length} points against ${y.length}`;
    for (const [i, [t, v]] of x.entries())
      if (t !== y[i][0] || !sameValue(v, y[i][1]))
        return `${key} at ${t}: ${JSON.stringify(v)} against ${JSON.stringify(y[i])}`;
  }
  return undefined;
}
