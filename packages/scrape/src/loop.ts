import {
  AppendError,
  ExpositionError,
  sleep,
  type Appendable,
  type Appender,
  type Clock,
  type Labels,
  type Logger,
  type Metadata,
} from '@prunella/metrics';
import { ScrapeError, type Page, type PageSource } from './page.ts';
import type { ScrapeMetrics } from './metrics.ts';
import type { SampleRules } from './rules.ts';
import { scrapeOffset } from './target.ts';
import { TargetSeries, tolerate, type ScrapeCounts, type StoredSeries } from './target-series.ts';

export interface LoopParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly storage: Appendable;
  readonly metrics: ScrapeMetrics;
  /** Spreads the targets of several servers differently. */
  readonly offsetSeed: string;
}

export interface LoopTarget {
  readonly labels: Labels;
  readonly key: string;
  /** ms */
  readonly interval: number;
  /** ms */
  readonly timeout: number;
}

export interface LoopState {
  readonly health: 'unknown' | 'up' | 'down';
  readonly lastError: string;
  /** ms; undefined before the first scrape */
  readonly lastScrape: number | undefined;
  /** ms */
  readonly lastDuration: number;
}

/** A scrape within this distance of its due time, in ms, gets the due time: evenly spaced times compress to nothing. */
const TOLERANCE_MS = 10;

const REPORTED = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;

/** Scrapes one target, over and over, and stores what it says and how it went. */
export class ScrapeLoop {
  readonly #target: LoopTarget;
  readonly #source: PageSource;
  readonly #parts: LoopParts;
  readonly #series: TargetSeries;
  readonly #reports: { readonly labels: Labels; ref: number }[];
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #lastStart: number | undefined;
  #reported = false;
  #state: LoopState = { health: 'unknown', lastError: '', lastScrape: undefined, lastDuration: 0 };

  constructor(target: LoopTarget, source: PageSource, rules: SampleRules, parts: LoopParts) {
    this.#target = target;
    this.#source = source;
    this.#parts = parts;
    this.#series = new TargetSeries(rules, target.labels, parts.metrics);
    this.#reports = REPORTED.map((name) => ({ labels: target.labels.with({ __name__: name }), ref: 0 }));
  }

  get state(): LoopState {
    return this.#state;
  }

  get metadata(): ReadonlyMap<string, Metadata> {
    return this.#series.metadata;
  }

  start(): void {
    this.#running = this.#run().catch((error: unknown) => {
      this.#parts.logger.error({ target: this.#target.key, err: error }, 'a scrape loop has ended');
    });
  }

  /** Resolves when nothing runs any more. Leaves the series as they are, as a stopping process does. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Stops, and ends the series: nobody scrapes the target any more. */
  async retire(): Promise<void> {
    await this.stop();
    await this.#store((appender, time) => {
      this.#series.appendStale(appender, time);
      if (!this.#reported) return;
      for (const { labels, ref } of this.#reports) tolerate(() => appender.appendStale(ref, labels, time));
    }, this.#parts.clock.now());
  }

  /** Stops, and hands the series over to the loop that takes its place. */
  async handOver(): Promise<StoredSeries[]> {
    await this.stop();
    return this.#series.live();
  }

  inherit(series: readonly StoredSeries[]): void {
    this.#series.inherit(series);
  }

  async #run(): Promise<void> {
    const { clock, logger, offsetSeed } = this.#parts;
    const { interval, key } = this.#target;
    const { signal } = this.#stop;
    const offset = scrapeOffset(key, interval, offsetSeed);
    let due = nextDue(clock.now(), interval, offset);
    for (;;) {
      await sleep(clock, due - clock.now(), signal);
      if (signal.aborted) return;
      const now = clock.now();
      const tolerance = Math.min(TOLERANCE_MS, interval / 100);
      try {
        await this.#scrape(Math.abs(now - due) <= tolerance ? due : now);
      } catch (error) {
        logger.error({ target: key, err: error }, 'a scrape broke down');
      }
      // Turns that were missed (a slow disk, a laptop asleep) are not made up for.
      due = Math.max(due + interval, nextDue(clock.now(), interval, offset));
      // The clock may have been set back.
      if (due - clock.now() > 1.5 * interval) due = nextDue(clock.now(), interval, offset);
    }
  }

  async #scrape(time: number): Promise<void> {
    const { clock, metrics, logger } = this.#parts;
    const { interval } = this.#target;
    if (this.#lastStart !== undefined)
      metrics.intervalLength.observe(
        { interval: `${interval / 1000}s` },
        (clock.now() - this.#lastStart) / 1000,
      );
    this.#lastStart = clock.now();
    const started = performance.now();
    const page = await this.#fetch().catch((error: unknown) => error as Error);
    if (this.#stop.signal.aborted) return;
    const appender = this.#parts.storage.appender();
    const counts: ScrapeCounts = { scraped: 0, kept: 0, added: 0 };
    const problem = page instanceof Error ? page : await this.#append(appender, page, time, counts);
    if (!problem) return this.#finish(appender, time, started, counts, undefined);
    appender.rollback();
    this.#countProblem(problem);
    logger.debug({ target: this.#target.key, error: problem.message }, 'scrape failed');
    const another = this.#parts.storage.appender();
    this.#series.appendStale(another, time);
    await this.#finish(another, time, started, counts, problem);
  }

  /** @returns what is wrong with the page, if anything */
  async #append(
    appender: Appender,
    page: Page,
    time: number,
    counts: ScrapeCounts,
  ): Promise<Error | undefined> {
    try {
      await this.#series.append(appender, page, time, counts);
      return undefined;
    } catch (error) {
      // Anything else than a bad page or a storage that refuses is our own fault, and must not pass for the target's.
      if (!(error instanceof ExpositionError || error instanceof ScrapeError || error instanceof AppendError))
        this.#parts.logger.error({ target: this.#target.key, err: error }, 'reading a page broke down');
      return error as Error;
    }
  }

  async #fetch(): Promise<Page> {
    const { clock } = this.#parts;
    const { timeout } = this.#target;
    const abort = new AbortController();
    const onStop = (): void => abort.abort(new ScrapeError('stopped'));
    this.#stop.signal.addEventListener('abort', onStop, { once: true });
    const late = new ScrapeError(`the target did not answer within ${timeout / 1000}s`);
    const timer = clock.setTimeout(() => abort.abort(late), timeout);
    try {
      return await this.#source.fetch(abort.signal);
    } catch (error) {
      throw abort.signal.aborted ? abort.signal.reason : error;
    } finally {
      timer.cancel();
      this.#stop.signal.removeEventListener('abort', onStop);
    }
  }

  async #finish(
    appender: Appender,
    time: number,
    started: number,
    counts: ScrapeCounts,
    problem: Error | undefined,
  ): Promise<void> {
    const duration = performance.now() - started;
    const values = [problem ? 0 : 1, duration / 1000, counts.scraped, counts.kept, counts.added];
    for (const [i, report] of this.#reports.entries()) {
      tolerate(() => (report.ref = appender.append(report.ref, report.labels, time, values[i] as number)));
    }
    await appender.commit();
    this.#reported = true;
    this.#state = {
      health: problem ? 'down' : 'up',
      lastError: problem?.message ?? '',
      lastScrape: time,
      lastDuration: duration,
    };
  }

  #countProblem(problem: Error | undefined): void {
    if (!(problem instanceof ScrapeError)) return;
    const { metrics } = this.#parts;
    if (problem.reason === 'body_size') metrics.exceededBodySize.inc();
    else if (problem.reason === 'sample_limit') metrics.exceededSampleLimit.inc();
    else if (problem.reason === 'label_limit') metrics.exceededLabelLimits.inc();
  }

  async #store(append: (appender: Appender, time: number) => void, time: number): Promise<void> {
    const appender = this.#parts.storage.appender();
    try {
      append(appender, time);
      await appender.commit();
    } catch (error) {
      appender.rollback();
      this.#parts.logger.warn(
        { target: this.#target.key, err: error },
        'the series of a target could not be ended',
      );
    }
  }
}

/** The first time at or after `now` that is `offset` within its interval. */
function nextDue(now: number, interval: number, offset: number): number {
  const base = Math.floor(now / interval) * interval + offset;
  return base >= now ? base : base + interval;
}
