import { formatDuration } from '@prunella/metrics';
import type { BlockMeta } from '@prunella/tsdb';
import type { Io } from '../command.ts';

/** Cells as Go's tabwriter puts them for promtool: at least 13 wide, two spaces between, the last one as it is. */
function printTable(rows: readonly (readonly string[])[], io: Io): void {
  const widths = rows[0]!.map((_, column) => Math.max(13, ...rows.map((row) => row[column]!.length + 2)));
  for (const row of rows)
    io.out(
      row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!))).join(''),
    );
}

const HEADER = [
  'BLOCK ULID',
  'MIN TIME',
  'MAX TIME',
  'DURATION',
  'NUM SAMPLES',
  'NUM CHUNKS',
  'NUM SERIES',
  'SIZE',
];

/** Blocks as `promtool tsdb list` prints them. */
export function printBlocks(
  blocks: readonly (BlockMeta & { readonly bytes: number })[],
  { human, quiet = false }: { human: boolean; quiet?: boolean },
  io: Io,
): void {
  if (quiet) return;
  const time = (ms: number): string =>
    human ? `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC` : String(ms);
  const rows = blocks.map((block) => [
    block.ulid,
    time(block.minTime),
    time(block.maxTime),
    goDuration(block.maxTime - block.minTime),
    String(block.stats.numSamples),
    String(block.stats.numChunks),
    String(block.stats.numSeries),
    human ? units(block.bytes) : String(block.bytes),
  ]);
  printTable([HEADER, ...rows], io);
}

/** As Go prints one: `2h0m0s`, `1m0.001s`. */
export function goDuration(ms: number): string {
  const seconds = ms / 1000;
  const minutes = Math.floor(seconds / 60);
  const rest = `${Number((seconds - 60 * minutes).toFixed(3))}s`;
  if (minutes === 0) return seconds < 1 && ms > 0 ? formatDuration(ms) : rest;
  return minutes < 60 ? `${minutes}m${rest}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${rest}`;
}

/** `9KiB432B`: all units that are not 0. */
function units(bytes: number): string {
  let text = '';
  let rest = bytes;
  for (const [unit, size] of [
    ['TiB', 2 ** 40],
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
    ['B', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0B' : text;
}
