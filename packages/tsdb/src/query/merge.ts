import {
  Labels,
  type FloatHistogram,
  type Histogram,
  type SampleColumns,
  type Series,
} from '@prunella/metrics';
import { ColumnBuilder, HIGH_WORD, LOW_WORD } from '../chunks/columns.ts';
import { wordsOf } from '@prunella/metrics';

const BATCH = 512;
/**
 * A batch ends early with so many samples: they are used while they are in the processor's cache, and let go before
 * the garbage collector takes them for long-lived.
 */
export const BATCH_SAMPLES = 16_384;
/** So many floats weigh as much as a histogram. */
const HISTOGRAM_WEIGHT = 16;

/** What a series counts for in a batch. */
export function weightOf({ samples: { timestamps, histograms } }: Series): number {
  return timestamps.length * (histograms === undefined ? 1 : HISTOGRAM_WEIGHT);
}

/** Walks one source's batches series by series. */
class Cursor {
  readonly #batches: AsyncIterator<readonly Series[]>;
  #batch: readonly Series[] = [];
  #index = 0;

  constructor(source: AsyncIterable<readonly Series[]>) {
    this.#batches = source[Symbol.asyncIterator]();
  }

  get current(): Series | undefined {
    return this.#batch[this.#index];
  }

  /** Goes on by one. @returns a promise where the next batch must be fetched first */
  advance(): Promise<void> | undefined {
    this.#index++;
    return this.#index < this.#batch.length ? undefined : this.#fetch();
  }

  async #fetch(): Promise<void> {
    this.#batch = [];
    this.#index = 0;
    for (;;) {
      const result = await this.#batches.next();
      if (result.done === true) return;
      if (result.value.length > 0) {
        this.#batch = result.value;
        return;
      }
    }
  }

  async close(): Promise<void> {
    await this.#batches.return?.();
  }
}

/** Series of all sources in label order, each once, its samples in time order. Sources come in order of time. */
export async function* mergeSources(
  sources: readonly AsyncIterable<readonly Series[]>[],
): AsyncGenerator<readonly Series[]> {
  if (sources.length === 1) {
    yield* sources[0]!;
    return;
  }
  const cursors = sources.map((source) => new Cursor(source));
  try {
    for (const cursor of cursors) await cursor.advance();
    const builder = new ColumnBuilder();
    let batch: Series[] = [];
    let samples = 0;
    for (;;) {
      const least = leastLabels(cursors);
      if (least === undefined) break;
      const parts: Series[] = [];
      for (const cursor of cursors) {
        const { current } = cursor;
        if (current === undefined || Labels.compare(current.labels, least) !== 0) continue;
        parts.push(current);
        const fetching = cursor.advance();
        if (fetching) await fetching;
      }
      const series = joinSeries(parts, builder);
      batch.push(series);
      samples += weightOf(series);
      if (batch.length === BATCH || samples >= BATCH_SAMPLES) {
        yield batch;
        batch = [];
        samples = 0;
      }
    }
    if (batch.length > 0) yield batch;
  } finally {
    for (const cursor of cursors) await cursor.close();
  }
}

function leastLabels(cursors: readonly Cursor[]): Labels | undefined {
  let least: Labels | undefined;
  for (const { current } of cursors) {
    if (current !== undefined && (least === undefined || Labels.compare(current.labels, least) < 0)) {
      least = current.labels;
    }
  }
  return least;
}

function joinSeries(parts: readonly Series[], into: ColumnBuilder): Series {
  const [first] = parts;
  return parts.length === 1
    ? first!
    : {
        labels: first!.labels,
        samples: joinSamples(
          parts.map((it) => it.samples),
          into,
        ),
      };
}

/** One column set of several, in time order; of samples of one time the first source's wins. */
export function joinSamples(
  parts: readonly SampleColumns[],
  into: ColumnBuilder = new ColumnBuilder(),
): SampleColumns {
  const filled = parts.filter((it) => it.timestamps.length > 0);
  const [first] = filled;
  if (filled.length <= 1) return first ?? parts[0]!;
  const ordered = [...filled].sort((a, b) => a.timestamps[0]! - b.timestamps[0]!);
  const apart = ordered.every((it, i) => i === 0 || ordered[i - 1]!.timestamps.at(-1)! < it.timestamps[0]!);
  return apart ? concatenate(ordered, into) : filled.reduce(interleave);
}

function concatenate(parts: readonly SampleColumns[], into: ColumnBuilder): SampleColumns {
  into.reserve(parts.reduce((sum, it) => sum + it.timestamps.length, 0));
  for (const part of parts) into.append(part);
  return into.take();
}

function interleave(a: SampleColumns, b: SampleColumns): SampleColumns {
  const out = new ColumnBuilder();
  out.reserve(a.timestamps.length + b.timestamps.length);
  let i = 0;
  let j = 0;
  while (i < a.timestamps.length || j < b.timestamps.length) {
    const ta = i < a.timestamps.length ? a.timestamps[i]! : Infinity;
    const tb = j < b.timestamps.length ? b.timestamps[j]! : Infinity;
    if (ta <= tb) copySample(a, i++, out);
    else copySample(b, j, out);
    if (tb <= ta) j++;
  }
  return out.take();
}

function copySample(from: SampleColumns, i: number, to: ColumnBuilder): void {
  const words = wordsOf(from.values);
  const high = words[2 * i + HIGH_WORD]!;
  const low = words[2 * i + LOW_WORD]!;
  const histogram = from.histograms?.[i];
  if (histogram === undefined) to.push(from.timestamps[i]!, high, low);
  else to.pushHistogram(from.timestamps[i]!, withoutHint(histogram), high, low);
}

/** What a histogram says about the one before it no longer holds where another has come between them. */
function withoutHint<T extends Histogram | FloatHistogram>(h: T): T {
  return h.counterResetHint === 'reset' || h.counterResetHint === 'not_reset'
    ? { ...h, counterResetHint: 'unknown' }
    : h;
}
