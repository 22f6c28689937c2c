import { access, readFile } from 'node:fs/promises';
import {
  ExpositionError,
  Matcher,
  formatDuration,
  formatFloat,
  isStaleAt,
  readExposition,
  wordsOf,
  type Labels,
  type Series,
} from '@prunella/metrics';
import { parseSelector } from '@prunella/promql';
import { DatabaseReader, createBlocks, type BlockMeta, type Count } from '@prunella/tsdb';
import type { Command, Io } from '../command.ts';
import { UsageError, describeFlags, parseFlags, type Flags } from '../flags.ts';

const flags = {
  'human-readable': { kind: 'switch', help: 'list: dates and units instead of plain numbers.' },
  block: { kind: 'text', help: 'analyze: the ULID of the block; the newest by default.' },
  limit: { kind: 'number', default: '20', help: 'analyze: how many of each kind.' },
  match: { kind: 'text', default: '{__name__=~".+"}', help: 'analyze, dump: a series selector.' },
  'min-time': { kind: 'number', help: 'dump: the oldest time, ms since the epoch.' },
  'max-time': { kind: 'number', help: 'dump: the newest time, ms since the epoch.' },
} as const satisfies Flags;

type Values = ReturnType<typeof parseFlags<typeof flags>>['values'];

/** `prunella tsdb`: looks into a data directory, ours or Prometheus's; a running process may be writing it. */
export const command: Command = {
  name: 'tsdb',
  summary: 'look into a data directory',
  help: `prunella tsdb list [flags] DIR             the blocks
prunella tsdb analyze [flags] DIR          what a block is made of
prunella tsdb dump [flags] DIR             samples as text, the log's included
prunella tsdb create-blocks FILE DIR       blocks of an OpenMetrics file with timestamps

${describeFlags(flags)}`,
  async run(args, io) {
    const { values, positionals } = parseFlags(flags, args, { positionals: true });
    const [action = '', ...paths] = positionals;
    switch (action) {
      case 'list':
        return withReader(only(paths), io, { log: false }, (reader) => list(reader, values, io));
      case 'analyze':
        return withReader(only(paths), io, { log: false }, (reader) => analyze(reader, values, io));
      case 'dump':
        return withReader(only(paths), io, { log: true }, (reader) => dump(reader, values, io));
      case 'create-blocks':
        if (paths.length !== 2) throw new UsageError('create-blocks: name a FILE and a DIR');
        return create(paths[0]!, paths[1]!, io);
      default:
        throw new UsageError('expected list, analyze, dump or create-blocks');
    }
  },
};

function only(paths: readonly string[]): string {
  if (paths.length !== 1) throw new UsageError('name one data directory');
  return paths[0]!;
}

async function withReader(
  dir: string,
  io: Io,
  options: { log: boolean },
  work: (reader: DatabaseReader) => number | Promise<number>,
): Promise<number> {
  try {
    await access(dir);
  } catch {
    io.err(`${dir}: no such directory`);
    return 1;
  }
  const reader = await DatabaseReader.open(dir, options);
  try {
    for (const warning of reader.warnings) io.err(`damaged: ${warning}`);
    return await work(reader);
  } finally {
    reader.close();
  }
}

function list(reader: DatabaseReader, values: Values, io: Io): number {
  const human = values['human-readable'];
  const time = (ms: number): string =>
    human ? new Date(ms).toISOString().slice(0, 19).replace('T', ' ') : String(ms);
  const size = (bytes: number): string => (human ? `${(bytes / 1024).toFixed(1)}KiB` : String(bytes));
  const rows = reader
    .blocks()
    .map((block) => [
      block.ulid,
      time(block.minTime),
      time(block.maxTime),
      formatDuration(block.maxTime - block.minTime),
      String(block.stats.numSamples),
      String(block.stats.numChunks),
      String(block.stats.numSeries),
      size(block.bytes),
    ]);
  const header = [
    'BLOCK ULID',
    'MIN TIME',
    'MAX TIME',
    'DURATION',
    'NUM SAMPLES',
    'NUM CHUNKS',
    'NUM SERIES',
    'SIZE',
  ];
  printTable([header, ...rows], io);
  return 0;
}

function printTable(rows: readonly (readonly string[])[], io: Io): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows)
    io.out(
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    );
}

async function analyze(reader: DatabaseReader, values: Values, io: Io): Promise<number> {
  const found = await reader.analyze(values.block, values.limit, selector(values.match));
  if (found === undefined) {
    io.err(values.block === undefined ? 'there is no block yet' : `there is no block ${values.block}`);
    return 1;
  }
  const { block } = found;
  io.out(`Block ID: ${block.ulid}`);
  io.out(`Duration: ${formatDuration(block.maxTime - block.minTime)}`);
  io.out(`Total series: ${found.series}`);
  io.out(`Label names: ${found.labelNames}`);
  io.out(`Postings (unique label pairs): ${found.pairs}`);
  io.out(`Postings entries (total label pairs): ${found.pairEntries}`);
  const section = (title: string, counts: readonly Count[]): void => {
    io.out(`\n${title}:`);
    for (const { name, value } of counts) io.out(`${Math.round(value)} ${name}`);
  };
  section('Label pairs most involved in churning', found.churnByPair);
  section('Label names most involved in churning', found.churnByLabel);
  section('Most common label pairs', found.commonPairs);
  section('Label names with highest cumulative label value length', found.longestLabels);
  section('Highest cardinality labels', found.valuesByLabel);
  section('Highest cardinality metric names', found.seriesByMetric);
  return 0;
}

/** `{labels} value time`, as `promtool tsdb dump` prints; histograms by their count and sum. */
async function dump(reader: DatabaseReader, values: Values, io: Io): Promise<number> {
  const querier = reader.querier(values['min-time'] ?? -Infinity, values['max-time'] ?? Infinity);
  try {
    for await (const batch of querier.select(selector(values.match))) {
      for (const each of batch) dumpSeries(each, io);
      if (io.signal.aborted) return 1;
    }
    for (const warning of querier.warnings) io.err(warning);
    return querier.warnings.length === 0 ? 0 : 1;
  } finally {
    querier.close();
  }
}

function dumpSeries({ labels, samples }: Series, io: Io): void {
  const name = setText(labels);
  const words = wordsOf(samples.values);
  for (const [i, t] of samples.timestamps.entries()) {
    const h = samples.histograms?.[i];
    const value = isStaleAt(words, i) ? 'StaleNaN' : formatFloat(samples.values[i]!);
    io.out(
      h === undefined
        ? `${name} ${value} ${t}`
        : `${name} {count:${h.count}, sum:${formatFloat(h.sum)}} ${t}`,
    );
  }
}

function setText(labels: Labels): string {
  return `{${Array.from(labels, ([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}

function selector(text: string): readonly Matcher[] {
  try {
    return parseSelector(text);
  } catch (error) {
    throw new UsageError(`--match: ${(error as Error).message}`);
  }
}

async function create(file: string, dir: string, io: Io): Promise<number> {
  let series: Series[];
  try {
    series = seriesOf(await readFile(file));
  } catch (error) {
    if (!(error instanceof ExpositionError) && (error as NodeJS.ErrnoException).code === undefined)
      throw error;
    io.err(`${file}: ${(error as Error).message}`);
    return 1;
  }
  const blocks: BlockMeta[] = await createBlocks(dir, series);
  printTable(
    [['BLOCK ULID', 'NUM SAMPLES'], ...blocks.map((block) => [block.ulid, String(block.stats.numSamples)])],
    io,
  );
  return 0;
}

/** @throws ExpositionError */
function seriesOf(body: Uint8Array): Series[] {
  const byKey = new Map<string, { labels: Labels; samples: Map<number, number> }>();
  for (const { labels, value, timestamp } of readExposition(body, 'openmetrics').samples) {
    if (timestamp === undefined)
      throw new ExpositionError(`${labels.toString()}: a sample without a timestamp`);
    let one = byKey.get(labels.key);
    if (one === undefined) byKey.set(labels.key, (one = { labels, samples: new Map() }));
    one.samples.set(timestamp, value);
  }
  return [...byKey.values()].map(({ labels, samples }) => {
    const sorted = [...samples].sort(([a], [b]) => a - b);
    return {
      labels,
      samples: {
        timestamps: Float64Array.from(sorted, ([t]) => t),
        values: Float64Array.from(sorted, ([, v]) => v),
      },
    };
  });
}
