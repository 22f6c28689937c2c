import {
  formatDecimal,
  formatFloat,
  toFloatHistogram,
  type Labels,
  type Matcher,
  type Series,
} from '@prunella/metrics';
import { printHistogram } from '@prunella/promql';
import type { DatabaseReader } from '@prunella/tsdb';
import type { Io } from '../command.ts';

interface Range {
  /** ms, both inclusive */
  readonly mint: number;
  readonly maxt: number;
}

type Selectors = readonly (readonly Matcher[])[];

/** `{labels} value time`, as `promtool tsdb dump` prints. */
export function dump(reader: DatabaseReader, range: Range, selectors: Selectors, io: Io): Promise<number> {
  return eachSeries(reader, range, selectors, io, ({ labels, samples }) => {
    const name = braced(labels);
    for (const [i, t] of samples.timestamps.entries()) {
      const h = samples.histograms?.[i];
      const value =
        h === undefined ? formatFloat(samples.values[i]!) : printHistogram(toFloatHistogram(h), formatFloat);
      io.out(`${name} ${value} ${t}`);
    }
  });
}

/** Floats as OpenMetrics with times in seconds: what `create-blocks-from openmetrics` reads. */
export async function dumpOpenMetrics(
  reader: DatabaseReader,
  range: Range,
  selectors: Selectors,
  io: Io,
): Promise<number> {
  let histograms = 0;
  const code = await eachSeries(reader, range, selectors, io, ({ labels, samples }) => {
    const rest = labels.withoutName();
    const name = `${labels.metricName}${rest.size === 0 ? '' : braced(rest).replaceAll('", ', '",')}`;
    for (const [i, t] of samples.timestamps.entries()) {
      if (samples.histograms?.[i] !== undefined) histograms++;
      else io.out(`${name} ${formatDecimal(samples.values[i]!)} ${(t / 1000).toFixed(3)}`);
    }
  });
  io.out('# EOF');
  if (histograms > 0) io.err(`${histograms} native histograms are left out: they have no form in text`);
  return code;
}

async function eachSeries(
  reader: DatabaseReader,
  { mint, maxt }: Range,
  selectors: Selectors,
  io: Io,
  print: (series: Series) => void,
): Promise<number> {
  const querier = reader.querier(mint, maxt);
  const printed = new Set<string>();
  try {
    for (const matchers of selectors) {
      for await (const batch of querier.select(matchers)) {
        for (const each of batch) {
          if (selectors.length > 1 && printed.has(each.labels.key)) continue;
          if (selectors.length > 1) printed.add(each.labels.key);
          print(each);
        }
        if (io.signal.aborted) return 1;
      }
    }
    for (const warning of querier.warnings) io.err(warning);
    return querier.warnings.length === 0 ? 0 : 1;
  } finally {
    querier.close();
  }
}

function braced(labels: Labels): string {
  return `{${Array.from(labels, ([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}
