// What is written: half counters, a quarter gauges that wander, a quarter that hardly change, as exporters give.
import { Labels } from '@prunella/metrics';
import { compress } from '@prunella/remote';

export const STEP = 15_000;
export const HOUR = 3_600_000;
export const START = Math.floor(Date.now() / (2 * HOUR)) * 2 * HOUR - 24 * HOUR;

export function valueAt(i, step) {
  if (i % 4 < 2) return Math.floor(step * (1 + (i % 13)) + 5 * Math.sin(step / 7 + i));
  if (i % 4 === 2) return Math.round(1000 * Math.sin(step / 50 + i)) / 10;
  return i % 100;
}

export const labelsOf = (i) =>
  Labels.from({
    __name__: `metric_${i % 100}`,
    instance: `10.0.${Math.floor(i / 1000) % 250}.7:9100`,
    job: 'node',
    region: 'eu-west',
    device: `disk${Math.floor(i / 100) % 10}`,
    id: String(i),
  });

/** The labels of many series as a remote write request holds them: those of series i end at `ends[i + 1]`. */
export function encodeLabels(series) {
  const bytes = Buffer.alloc(series * 160);
  const ends = new Uint32Array(series + 1);
  let at = 0;
  const text = (tag, value) => {
    bytes[at++] = tag;
    bytes[at] = bytes.write(value, at + 1);
    at += 1 + bytes[at];
  };
  for (let i = 0; i < series; i++) {
    for (const [name, value] of labelsOf(i)) {
      const start = at;
      at += 2;
      text(0x0a, name);
      text(0x12, value);
      bytes[start] = 0x0a;
      bytes[start + 1] = at - start - 2;
    }
    ends[i + 1] = at;
  }
  return { bytes, ends };
}

/** A sample is `18 16 | 9 double | 16 varint`: 18 bytes, for a time of our days is a varint of 6. */
const SAMPLE_BYTES = 18;

/** The body of a remote write request: some steps of the series from..to. */
export function requestOf(labels, from, to, firstStep, steps) {
  const out = Buffer.alloc(labels.ends[to] - labels.ends[from] + (to - from) * (6 + steps * SAMPLE_BYTES));
  let at = 0;
  const varint = (value) => {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) out[at++] = (rest % 128) | 128;
    out[at++] = rest;
  };
  for (let i = from; i < to; i++) {
    const length = labels.ends[i + 1] - labels.ends[i];
    out[at++] = 0x0a;
    varint(length + steps * SAMPLE_BYTES);
    at += labels.bytes.copy(out, at, labels.ends[i], labels.ends[i + 1]);
    for (let step = firstStep; step < firstStep + steps; step++) {
      out[at] = 0x12;
      out[at + 1] = SAMPLE_BYTES - 2;
      out[at + 2] = 0x09;
      at = out.writeDoubleLE(valueAt(i, step), at + 3);
      out[at++] = 0x10;
      varint(START + step * STEP);
    }
  }
  return Buffer.from(compress(out.subarray(0, at)));
}
