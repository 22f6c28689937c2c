import type { Matcher } from '@prunella/metrics';
import type { Count, DatabaseReader } from '@prunella/tsdb';
import type { Io } from '../command.ts';
import { goDuration } from './tsdb-print.ts';

export interface AnalyzeOptions {
  readonly block: string | undefined;
  readonly limit: number;
  readonly extended: boolean;
  readonly matchers: readonly Matcher[] | undefined;
}

/** What a block is made of, in the words of `promtool tsdb analyze`. */
export async function analyze(reader: DatabaseReader, options: AnalyzeOptions, io: Io): Promise<number> {
  const found = await reader.analyze(options.block, options.limit, options.matchers, options.extended);
  if (found === undefined) {
    io.err(options.block === undefined ? 'there is no block yet' : `there is no block ${options.block}`);
    return 1;
  }
  const { block } = found;
  io.out(`Block ID: ${block.ulid}`);
  io.out(`Duration: ${goDuration(block.maxTime - block.minTime)}`);
  io.out(`Total Series: ${found.series}`);
  io.out(`Label names: ${found.labelNames}`);
  io.out(`Postings (unique label pairs): ${found.pairs}`);
  io.out(`Postings entries (total label pairs): ${found.pairEntries}`);
  const section = (title: string, counts: readonly Count[]): void => {
    io.out(`\n${title}:`);
    for (const { name, value } of counts) io.out(`${Math.floor(value)} ${name}`);
  };
  section('Label pairs most involved in churning', found.churnByPair);
  section('Label names most involved in churning', found.churnByLabel);
  section('Most common label pairs', found.commonPairs);
  section('Label names with highest cumulative label value length', found.longestLabels);
  section('Highest cardinality labels', found.valuesByLabel);
  section('Highest cardinality metric names', found.seriesByMetric);
  if (found.fullness !== undefined) printFullness(found.fullness, io);
  return 0;
}

function printFullness(fullness: readonly number[], io: Io): void {
  const total = fullness.reduce((sum, count) => sum + count, 0);
  io.out('\nCompaction analysis:');
  io.out('Fullness: Amount of samples in chunks (100% is 120 samples)');
  for (const [i, count] of fullness.entries()) {
    const percent = Math.floor((100 * count) / Math.max(1, total));
    io.out(`${String(10 * (i + 1)).padStart(7)}%: ${'#'.repeat(percent)}`);
  }
}
