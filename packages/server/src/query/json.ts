import { formatDecimal, type Labels } from '@prunella/metrics';
import type { QueryResult } from '@prunella/promql';

/** How much text is gathered before it goes out as one piece. */
const PIECE = 64 * 1024;

/** Prometheus's answer to a query, in pieces, so that a large one is never one string. */
export function* queryAnswer({ value, warnings, infos, stats }: QueryResult): Generator<string> {
  let text = '{"status":"success","data":{"resultType":';
  switch (value.type) {
    case 'scalar':
      text += `"scalar","result":${point(value.time, formatDecimal(value.value))}`;
      break;
    case 'string':
      text += `"string","result":${point(value.time, value.value)}`;
      break;
    case 'vector': {
      text += '"vector","result":[';
      let first = true;
      for (const sample of value.samples) {
        text += `${first ? '' : ','}{"metric":${metric(sample.labels)},"value":${point(sample.time, formatDecimal(sample.value))}}`;
        first = false;
        if (text.length > PIECE) {
          yield text;
          text = '';
        }
      }
      text += ']';
      break;
    }
    case 'matrix': {
      text += '"matrix","result":[';
      let first = true;
      for (const { labels, samples } of value.series) {
        text += `${first ? '' : ','}{"metric":${metric(labels)},"values":[`;
        first = false;
        const { timestamps, values } = samples;
        for (let i = 0; i < timestamps.length; i++) {
          text += `${i === 0 ? '' : ','}[${(timestamps[i] as number) / 1000},"${formatDecimal(values[i] as number)}"]`;
          if (text.length > PIECE) {
            yield text;
            text = '';
          }
        }
        text += ']}';
      }
      text += ']';
    }
  }
  if (stats) text += `,"stats":${statsJson(stats)}`;
  text += '}';
  if (warnings.length > 0) text += `,"warnings":${JSON.stringify(warnings)}`;
  if (infos.length > 0) text += `,"infos":${JSON.stringify(infos)}`;
  yield `${text}}`;
}

/** A label set costs as much to write as ten points: it is kept with the set. */
const written = new WeakMap<Labels, string>();

function metric(labels: Labels): string {
  let text = written.get(labels);
  if (text === undefined) {
    text = JSON.stringify(labels);
    written.set(labels, text);
  }
  return text;
}

function point(time: number, value: string): string {
  return `[${time / 1000},${JSON.stringify(value)}]`;
}

function statsJson(stats: NonNullable<QueryResult['stats']>): string {
  const seconds = stats.totalMs / 1000;
  return JSON.stringify({
    timings: {
      evalTotalTime: seconds,
      resultSortTime: 0,
      queryPreparationTime: 0,
      innerEvalTime: seconds,
      execQueueTime: 0,
      execTotalTime: seconds,
    },
    samples: { totalQueryableSamples: stats.samples, peakSamples: stats.samples },
  });
}
