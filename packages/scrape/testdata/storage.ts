import { AppendError, type Appendable, type Appender, type Exemplar, type Labels, type Metadata } from '@prunella/metrics';

/** Keeps what was committed, as a storage would: newer samples only, one value per time. */
export class TestStorage implements Appendable {
  readonly labels: Labels[] = [];
  readonly exemplars: Exemplar[] = [];
  readonly metadata = new Map<string, Metadata>();
  readonly #byKey = new Map<string, number>();
  readonly #times: number[][] = [];
  readonly #values: (number | 'stale' | object)[][] = [];
  commits = 0;
  rollbacks = 0;
  failCommits = false;

  appender(): Appender {
    const batch: (() => void)[] = [];
    const add = (ref: number, labels: Labels, t: number, value: number | 'stale' | object): number => {
      const id = ref > 0 ? ref - 1 : this.#id(labels);
      const last = this.#times[id]?.at(-1) ?? -Infinity;
      if (t < last) throw new AppendError('out_of_order', 'out of order sample');
      if (t === last && !Object.is(this.#values[id]?.at(-1), value)) throw new AppendError('duplicate', 'duplicate sample for timestamp');
      batch.push(() => {
        // Of two values for one time in a batch the first one stays.
        if (t <= (this.#times[id]?.at(-1) ?? -Infinity)) return;
        this.#times[id]?.push(t);
        this.#values[id]?.push(value);
      });
      return id + 1;
    };
    return {
      append: (ref, labels, t, v) => add(ref, labels, t, v),
      appendStale: (ref, labels, t) => add(ref, labels, t, 'stale'),
      appendHistogram: (ref, labels, t, h) => add(ref, labels, t, h),
      appendExemplar: (ref, _labels, exemplar) => {
        this.exemplars.push(exemplar);
        return ref;
      },
      updateMetadata: (ref, labels, metadata) => {
        this.metadata.set(labels.metricName, metadata);
        return ref;
      },
      commit: async () => {
        if (this.failCommits) throw new AppendError('storage', 'no space left on device');
        this.commits += 1;
        for (const apply of batch) apply();
      },
      rollback: () => {
        this.rollbacks += 1;
      },
    };
  }

  /** Values of the series whose printed form is `series`. */
  values(series: string): (number | 'stale' | object)[] {
    return this.#values[this.#find(series)] ?? [];
  }

  times(series: string): number[] {
    return this.#times[this.#find(series)] ?? [];
  }

  names(): string[] {
    return this.labels.map(String).sort();
  }

  #find(series: string): number {
    return this.labels.findIndex((labels) => labels.toString() === series);
  }

  #id(labels: Labels): number {
    const known = this.#byKey.get(labels.key);
    if (known !== undefined) return known;
    const id = this.labels.push(labels) - 1;
    this.#byKey.set(labels.key, id);
    this.#times[id] = [];
    this.#values[id] = [];
    return id;
  }
}
