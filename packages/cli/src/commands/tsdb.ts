import { access } from 'node:fs/promises';
import { Matcher } from '@prunella/metrics';
import { parseSelector } from '@prunella/promql';
import { DatabaseReader } from '@prunella/tsdb';
import type { Command, Io } from '../command.ts';
import { UsageError, describeFlags, parseFlags, type Flags } from '../flags.ts';
import { analyze } from './tsdb-analyze.ts';
import { createFromFile, createFromRules } from './tsdb-create.ts';
import { dump, dumpOpenMetrics } from './tsdb-dump.ts';
import { printBlocks } from './tsdb-print.ts';
import { parseTime } from './query-time.ts';

const flags = {
  'human-readable': {
    kind: 'switch',
    short: 'r',
    help: 'list, create-blocks: dates and units instead of plain numbers.',
  },
  quiet: { kind: 'switch', short: 'q', help: 'create-blocks: do not print the blocks.' },
  limit: { kind: 'number', default: '20', help: 'analyze: how many of each kind.' },
  extended: { kind: 'switch', help: 'analyze: how full the chunks are, too.' },
  match: { kind: 'texts', help: 'analyze, dump: a series selector; of several any may match.' },
  'min-time': { kind: 'number', help: 'dump: the oldest time, ms since the epoch.' },
  'max-time': { kind: 'number', help: 'dump: the newest time, ms since the epoch.' },
  url: {
    kind: 'text',
    default: 'http://localhost:9090',
    help: 'create-blocks rules: whom to ask for the rules’ results.',
  },
  start: { kind: 'text', help: 'create-blocks rules: from when on, RFC 3339 or Unix seconds.' },
  end: { kind: 'text', help: 'create-blocks rules: until when; three hours ago by default.' },
  'output-dir': { kind: 'text', default: 'data/', help: 'create-blocks rules: where the blocks go.' },
  'eval-interval': {
    kind: 'duration',
    default: '60s',
    help: 'create-blocks rules: of groups without an interval.',
  },
} as const satisfies Flags;

/** `prunella tsdb`: looks into a data directory, ours or Prometheus's; a running process may be writing it. */
export const command: Command = {
  name: 'tsdb',
  summary: 'look into a data directory',
  help: `prunella tsdb list [flags] [DIR]                              the blocks
prunella tsdb analyze [flags] [DIR] [BLOCK]                   what a block is made of; the newest by default
prunella tsdb dump [flags] [DIR]                              samples as text, the log's included
prunella tsdb dump-openmetrics [flags] [DIR]                  the same as OpenMetrics, which create-blocks reads
prunella tsdb create-blocks-from openmetrics FILE [DIR]       blocks of samples with timestamps
prunella tsdb create-blocks-from rules --start=TIME FILE…     blocks of what recording rules would have recorded

As promtool's. DIR is data/ by default. \`create-blocks\` is short for \`create-blocks-from openmetrics\`.

${describeFlags(flags)}`,
  async run(args, io) {
    const { values, positionals } = parseFlags(flags, args, { positionals: true });
    const [action = '', ...rest] = positionals;
    const options = { human: values['human-readable'], quiet: values.quiet };
    const range = { mint: values['min-time'] ?? -Infinity, maxt: values['max-time'] ?? Infinity };
    switch (action) {
      case 'list':
        return withReader(only(rest), io, { log: false }, (reader) => {
          printBlocks(reader.blocks(), options, io);
          return 0;
        });
      case 'analyze':
        return withReader(only(rest.slice(0, 1)), io, { log: false }, (reader) =>
          analyze(reader, { ...values, block: rest[1], matchers: selectors(values.match)[0] }, io),
        );
      case 'dump':
        return withReader(only(rest), io, { log: true }, (reader) =>
          dump(reader, range, selectors(values.match), io),
        );
      case 'dump-openmetrics':
        return withReader(only(rest), io, { log: true }, (reader) =>
          dumpOpenMetrics(reader, range, selectors(values.match), io),
        );
      case 'create-blocks':
        return createFromFile(rest, options, io);
      case 'create-blocks-from': {
        const [source, ...files] = rest;
        if (source === 'openmetrics') return createFromFile(files, options, io);
        if (source !== 'rules') throw new UsageError('create-blocks-from: openmetrics or rules?');
        if (values.start === undefined) throw new UsageError('create-blocks-from rules: since when? --start');
        const times = {
          start: parseTime('start', values.start),
          end: values.end && parseTime('end', values.end),
        };
        return createFromRules(files, { ...options, ...values, ...times }, io);
      }
      default:
        throw new UsageError('expected list, analyze, dump, dump-openmetrics or create-blocks-from');
    }
  },
};

function only(paths: readonly string[]): string {
  if (paths.length > 1) throw new UsageError('name one data directory');
  return paths[0] ?? 'data/';
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

function selectors(texts: readonly string[]): readonly (readonly Matcher[])[] {
  if (texts.length === 0) return [[new Matcher('=~', '__name__', '.*')]];
  try {
    return texts.map((text) => parseSelector(text));
  } catch (error) {
    throw new UsageError(`--match: ${(error as Error).message}`);
  }
}
