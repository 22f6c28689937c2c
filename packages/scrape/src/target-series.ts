import { setImmediate } from 'node:timers/promises';
import {
  AppendError,
  chooseFormat,
  createParser,
  Labels,
  SeriesTable,
  type Appender,
  type ExpositionFormat,
  type ExpositionParser,
  type Metadata,
  type SeriesRef,
} from '@prunella/metrics';
import { ScrapeError, type Page } from './page.ts';
import type { SampleRules } from './rules.ts';
import type { ScrapeMetrics } from './metrics.ts';

/** What a scrape brought. */
export interface ScrapeCounts {
  /** Samples on the page. */
  scraped: number;
  /** Samples that relabelling has left. */
  kept: number;
  /** Series seen for the first time. */
  added: number;
}

export interface StoredSeries {
  readonly ref: SeriesRef;
  readonly labels: Labels;
}

const UNKNOWN = 0;
const ACTIVE = 1;
const DROPPED = 2;

/** After so many samples of a large page others get their turn. */
const TURN = 4096;

/** So many lines that no good scrape had are remembered at most. */
const MAX_LITTER = 1000;

/**
 * The series of one target: under which labels and reference each line of its page is stored, and which of them have
 * to end with a stale marker when they are gone. Columns by the parser's series number.
 */
export class TargetSeries {
  readonly #rules: SampleRules;
  readonly #target: Labels;
  readonly #metrics: ScrapeMetrics;
  #table = new SeriesTable();
  #parser: ExpositionParser | undefined;
  #format: ExpositionFormat | undefined;
  #metadata: ReadonlyMap<string, Metadata> = new Map();

  #state = new Uint8Array(64);
  #refs = new Float64Array(64);
  /** Number of the scrape that had the series last. */
  #seen = new Int32Array(64);
  /** Whether the last sample of the series awaits a stale marker. */
  #live = new Uint8Array(64);
  /** Whether the series came with a time of its own, and so without staleness. */
  #timed = new Uint8Array(64);
  readonly #labels: (Labels | undefined)[] = [];
  /** How many pages were read, good or bad. */
  #scrape = 0;
  /** Series of a loop before this one; the first good scrape ends those that it lacks. */
  #inherited: readonly StoredSeries[] = [];

  constructor(rules: SampleRules, target: Labels, metrics: ScrapeMetrics) {
    this.#rules = rules;
    this.#target = target;
    this.#metrics = metrics;
  }

  get metadata(): ReadonlyMap<string, Metadata> {
    return this.#metadata;
  }

  /** Those that await a stale marker. */
  live(): StoredSeries[] {
    const found: StoredSeries[] = [...this.#inherited];
    for (let id = 0; id < this.#table.capacity; id++) if (this.#live[id] === 1) found.push(this.#stored(id));
    return found;
  }

  /** Takes over what another loop for the same target has stored. */
  inherit(series: readonly StoredSeries[]): void {
    this.#inherited = series;
  }

  /**
   * Appends the samples of a page, and stale markers for the series that it lacks. When it throws, roll the appender
   * back; `counts` then holds what was seen so far.
   * @throws ExpositionError, ScrapeError, AppendError of the storage as a whole
   */
  async append(appender: Appender, page: Page, time: number, counts: ScrapeCounts): Promise<void> {
    const parser = this.#parserFor(page);
    const limit = this.#rules.config.sample_limit || Infinity;
    this.#scrape += 1;
    parser.start(page.body);
    while (parser.next()) {
      counts.scraped += 1;
      if (counts.scraped % TURN === 0) await setImmediate();
      const id = parser.series;
      if (id >= this.#state.length) this.#grow();
      const isNew = this.#state[id] === UNKNOWN && this.#introduce(id);
      this.#seen[id] = this.#scrape;
      if (this.#state[id] === DROPPED) continue;
      counts.kept += 1;
      // Beyond the limit samples are still counted, so that people see how far beyond it they are.
      if (counts.kept > limit) continue;
      if (isNew) counts.added += 1;
      this.#appendSample(appender, parser, id, time);
    }
    if (counts.kept > limit)
      throw new ScrapeError(`sample limit exceeded: ${counts.kept} samples, limit ${limit}`, 'sample_limit');
    this.#describe(appender, parser.metadata);
    this.#endVanished(appender, time);
  }

  /** Ends every series that awaits it: the target is gone or does not answer. */
  appendStale(appender: Appender, time: number): void {
    for (const { ref, labels } of this.#inherited) tolerate(() => appender.appendStale(ref, labels, time));
    this.#inherited = [];
    for (let id = 0; id < this.#table.capacity; id++) if (this.#live[id] === 1) this.#end(appender, id, time);
    this.#clearLitter();
  }

  /** A target that serves other nonsense every time must not fill the table. */
  #clearLitter(): void {
    const known = this.#state.reduce((count, state) => count + (state === UNKNOWN ? 0 : 1), 0);
    if (this.#table.size - known <= MAX_LITTER) return;
    this.#table = new SeriesTable();
    this.#parser = undefined;
    this.#state.fill(UNKNOWN);
  }

  #parserFor({ contentType }: Page): ExpositionParser {
    const { fallback_scrape_protocol, scrape_native_histograms, always_scrape_classic_histograms } =
      this.#rules.config;
    const format = chooseFormat(contentType, fallback_scrape_protocol);
    if (this.#parser === undefined || format !== this.#format) {
      const options = {
        nativeHistograms: scrape_native_histograms,
        classicHistograms: always_scrape_classic_histograms,
      };
      this.#parser = createParser(format, options, this.#table);
      this.#format = format;
    }
    return this.#parser;
  }

  /** @returns whether the series is kept */
  #introduce(id: number): boolean {
    const labels = this.#rules.labels(this.#table.labels(id), this.#target);
    this.#table.releaseLabels(id);
    this.#labels[id] = labels;
    this.#refs[id] = 0;
    this.#live[id] = 0;
    this.#state[id] = labels ? ACTIVE : DROPPED;
    return labels !== undefined;
  }

  #appendSample(appender: Appender, parser: ExpositionParser, id: number, now: number): void {
    const { honor_timestamps, track_timestamps_staleness } = this.#rules.config;
    const timed = honor_timestamps && !Number.isNaN(parser.timestamp);
    const time = timed ? parser.timestamp : now;
    const labels = this.#labels[id] as Labels;
    const ref = this.#refs[id] as number;
    this.#timed[id] = timed && !track_timestamps_staleness ? 1 : 0;
    try {
      this.#refs[id] = parser.histogram
        ? appender.appendHistogram(ref, labels, time, parser.histogram)
        : appender.append(ref, labels, time, parser.value);
    } catch (error) {
      this.#countRefusal(error);
      return;
    }
    for (const exemplar of parser.exemplars)
      this.#appendExemplar(appender, id, { timestamp: time, ...exemplar });
  }

  #appendExemplar(appender: Appender, id: number, exemplar: Parameters<Appender['appendExemplar']>[2]): void {
    try {
      appender.appendExemplar(this.#refs[id] as number, this.#labels[id] as Labels, exemplar);
    } catch (error) {
      if (!(error instanceof AppendError)) throw error;
      if (error.code === 'out_of_order') this.#metrics.exemplarsOutOfOrder.inc();
    }
  }

  /** One refused sample does not spoil the scrape; a storage that refuses everything does. */
  #countRefusal(error: unknown): void {
    if (!(error instanceof AppendError)) throw error;
    if (error.code === 'out_of_order') this.#metrics.outOfOrder.inc();
    else if (error.code === 'duplicate') this.#metrics.duplicate.inc();
    else if (error.code === 'out_of_bounds' || error.code === 'too_old') this.#metrics.outOfBounds.inc();
    else throw error;
  }

  #describe(appender: Appender, metadata: ReadonlyMap<string, Metadata>): void {
    if (metadata === this.#metadata) return;
    this.#metadata = metadata;
    for (let id = 0; id < this.#table.capacity; id++) {
      if (this.#seen[id] !== this.#scrape || this.#state[id] !== ACTIVE) continue;
      const labels = this.#labels[id] as Labels;
      const known = metadata.get(labels.metricName) ?? metadata.get(baseName(labels.metricName));
      if (known) appender.updateMetadata(this.#refs[id] as number, labels, known);
    }
  }

  #endVanished(appender: Appender, time: number): void {
    let current: Set<SeriesRef> | undefined;
    const stillThere = (ref: SeriesRef): boolean => (current ??= this.#currentRefs()).has(ref);
    for (const { ref, labels } of this.#inherited)
      if (!stillThere(ref)) tolerate(() => appender.appendStale(ref, labels, time));
    this.#inherited = [];
    for (let id = 0; id < this.#table.capacity; id++) {
      if (this.#state[id] === UNKNOWN) continue;
      if (this.#seen[id] === this.#scrape) {
        this.#live[id] = this.#state[id] === ACTIVE && this.#timed[id] === 0 ? 1 : 0;
        continue;
      }
      // The same series may stand there in another spelling.
      if (this.#live[id] === 1 && !stillThere(this.#refs[id] as number)) this.#end(appender, id, time);
      this.#forget(id);
    }
  }

  #currentRefs(): Set<SeriesRef> {
    const refs = new Set<SeriesRef>();
    for (let id = 0; id < this.#table.capacity; id++) {
      if (this.#state[id] === ACTIVE && this.#seen[id] === this.#scrape) refs.add(this.#refs[id] as number);
    }
    return refs;
  }

  #end(appender: Appender, id: number, time: number): void {
    this.#live[id] = 0;
    tolerate(() => appender.appendStale(this.#refs[id] as number, this.#labels[id] as Labels, time));
  }

  #forget(id: number): void {
    this.#state[id] = UNKNOWN;
    this.#live[id] = 0;
    this.#labels[id] = undefined;
    this.#table.forget(id);
  }

  #stored(id: number): StoredSeries {
    return { ref: this.#refs[id] as number, labels: this.#labels[id] as Labels };
  }

  #grow(): void {
    const length = Math.max(this.#table.capacity, this.#state.length * 2);
    const wider = <T extends Uint8Array | Int32Array | Float64Array>(next: T, old: T): T => {
      next.set(old as never);
      return next;
    };
    this.#state = wider(new Uint8Array(length), this.#state);
    this.#live = wider(new Uint8Array(length), this.#live);
    this.#timed = wider(new Uint8Array(length), this.#timed);
    this.#seen = wider(new Int32Array(length), this.#seen);
    this.#refs = wider(new Float64Array(length), this.#refs);
  }
}

/** A marker or report that the storage refuses, because a newer sample is there, is not needed. */
export function tolerate(append: () => unknown): void {
  try {
    append();
  } catch (error) {
    if (!(error instanceof AppendError) || error.code === 'storage') throw error;
  }
}

function baseName(name: string): string {
  return name.replace(/_(?:total|bucket|sum|count|created|info)$/, '');
}
