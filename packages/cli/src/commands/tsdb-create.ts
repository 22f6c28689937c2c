import { readFile } from 'node:fs/promises';
import { ExpositionError, Labels, readExposition, systemClock, type Series } from '@prunella/metrics';
import { ConfigError } from '@prunella/metrics/config';
import { parseRuleFile, type RecordingRuleConfig } from '@prunella/rules';
import { DatabaseReader, createBlocks } from '@prunella/tsdb';
import type { Io } from '../command.ts';
import { UsageError } from '../flags.ts';
import { ApiError, askApi } from './prometheus-api.ts';
import { printBlocks } from './tsdb-print.ts';

interface Printing {
  readonly human: boolean;
  readonly quiet: boolean;
}

/** Blocks of an OpenMetrics file in which every sample has a time. */
export async function createFromFile(
  [file, dir = 'data/', ...more]: readonly string[],
  printing: Printing,
  io: Io,
): Promise<number> {
  if (file === undefined || more.length > 0) throw new UsageError('create-blocks: name a FILE and a DIR');
  let series: Series[];
  try {
    series = seriesOf(await readFile(file));
  } catch (error) {
    if (!(error instanceof ExpositionError) && (error as NodeJS.ErrnoException).code === undefined)
      throw error;
    io.err(`${file}: ${(error as Error).message}`);
    return 1;
  }
  return write(dir, series, printing, io);
}

async function write(dir: string, series: readonly Series[], printing: Printing, io: Io): Promise<number> {
  const written = new Set((await createBlocks(dir, series)).map(({ ulid }) => ulid));
  const reader = await DatabaseReader.open(dir, { log: false });
  try {
    printBlocks(
      reader.blocks().filter(({ ulid }) => written.has(ulid)),
      printing,
      io,
    );
  } finally {
    reader.close();
  }
  return 0;
}

/** Gathers samples by series; of a time the last one counts. */
class SampleTable {
  readonly #byKey = new Map<string, { labels: Labels; samples: Map<number, number> }>();

  add(labels: Labels, time: number, value: number): void {
    let one = this.#byKey.get(labels.key);
    if (one === undefined) this.#byKey.set(labels.key, (one = { labels, samples: new Map() }));
    one.samples.set(time, value);
  }

  series(): Series[] {
    return [...this.#byKey.values()].map(({ labels, samples }) => {
      const sorted = [...samples].sort(([a], [b]) => a - b);
      const timestamps = Float64Array.from(sorted, ([t]) => t);
      return { labels, samples: { timestamps, values: Float64Array.from(sorted, ([, v]) => v) } };
    });
  }
}

/** @throws ExpositionError */
function seriesOf(body: Uint8Array): Series[] {
  const table = new SampleTable();
  for (const { labels, value, timestamp } of readExposition(body, 'openmetrics').samples) {
    if (timestamp === undefined)
      throw new ExpositionError(`${labels.toString()}: a sample without a timestamp`);
    table.add(labels, timestamp, value);
  }
  return table.series();
}

export interface RuleBackfill extends Printing {
  readonly url: string;
  /** ms */
  readonly start: number;
  readonly end: number | '' | undefined;
  readonly 'output-dir': string;
  /** ms */
  readonly 'eval-interval': number;
}

const THREE_HOURS = 3 * 3_600_000;
/** How much is asked for at once, ms: no server gives more than 11 000 points of a series. */
const AT_ONCE = 2 * 3_600_000;

/** Blocks of what the recording rules in `files` would have recorded; a server with the data is asked. */
export async function createFromRules(
  files: readonly string[],
  options: RuleBackfill,
  io: Io,
): Promise<number> {
  if (files.length === 0) throw new UsageError('create-blocks-from rules: which files?');
  const end = options.end === undefined || options.end === '' ? systemClock.now() - THREE_HOURS : options.end;
  if (end <= options.start) throw new UsageError('--end: not behind --start');
  const table = new SampleTable();
  try {
    for (const file of files) {
      for (const group of parseRuleFile(await readFile(file, 'utf8'), file).groups) {
        const interval = group.interval ?? options['eval-interval'];
        for (const rule of group.rules)
          if (rule.type === 'recording') await backfill(rule, interval, { ...options, end }, table);
      }
    }
  } catch (error) {
    const readable = error instanceof ConfigError || error instanceof ApiError;
    if (!readable && (error as NodeJS.ErrnoException).code === undefined) throw error;
    io.err((error as Error).message);
    return 1;
  }
  return write(options['output-dir'], table.series(), options, io);
}

interface MatrixEntry {
  readonly metric: Readonly<Record<string, string>>;
  readonly values?: readonly (readonly [number, string])[];
}

async function backfill(
  rule: RecordingRuleConfig,
  interval: number,
  { url, start, end }: { url: string; start: number; end: number },
  table: SampleTable,
): Promise<void> {
  const piece = Math.max(interval, AT_ONCE - (AT_ONCE % interval));
  for (let from = Math.ceil(start / interval) * interval; from <= end; from += piece) {
    const to = Math.min(end, from + piece - interval);
    const times = { start: String(from / 1000), end: String(to / 1000), step: String(interval / 1000) };
    const params = Object.entries({ query: rule.expr, ...times });
    const { data } = await askApi<{ result: readonly MatrixEntry[] }>(url, 'query_range', params);
    for (const { metric, values = [] } of data.result) {
      const all = Object.entries({ ...metric, ...rule.labels, __name__: rule.name });
      const labels = Labels.fromEntries(all.filter(([, own]) => own !== ''));
      for (const [t, v] of values)
        table.add(labels, Math.round(t * 1000), Number(v.replace('Inf', 'Infinity')));
    }
  }
}
