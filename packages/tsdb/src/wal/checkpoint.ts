import { Pacer } from '@prunella/metrics';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { HIGH_WORD, LOW_WORD } from '../chunks/columns.ts';
import { CorruptionError } from '../errors.ts';
import { syncDirectory } from '../block/meta.ts';
import type { Segment } from './load.ts';
import { readSegment } from './reader.ts';
import * as records from './records.ts';
import { lastCheckpoint, listCheckpoints, listSegments, segmentName } from './segments.ts';
import { WalWriter } from './writer.ts';

/**
 * Shortens a log: what of its older segments is still needed goes to `checkpoint.N`, which stands for the segments up
 * to N; then those go.
 * @param keep whether a series is still in memory or named by a later segment
 * @param mint samples before it are in blocks, ms
 * @param last the newest segment that may go
 */
export async function truncateLog(
  dir: string,
  last: number,
  keep: (ref: number) => boolean,
  mint: number,
): Promise<void> {
  const previous = await lastCheckpoint(dir);
  const segments: Segment[] = [];
  if (previous !== undefined) {
    for (const index of await listSegments(previous.path)) segments.push({ dir: previous.path, index });
  }
  const own = (await listSegments(dir)).filter((index) => index > (previous?.index ?? -1) && index <= last);
  for (const index of own) segments.push({ dir, index });
  const target = join(dir, `checkpoint.${String(last).padStart(8, '0')}`);
  await rm(`${target}.tmp`, { recursive: true, force: true });
  await mkdir(`${target}.tmp`);
  try {
    await copy(segments, `${target}.tmp`, keep, mint);
  } catch (error) {
    await rm(`${target}.tmp`, { recursive: true, force: true });
    throw error;
  }
  await syncDirectory(`${target}.tmp`);
  await rename(`${target}.tmp`, target);
  await syncDirectory(dir);
  // From here on the checkpoint counts; what it replaces is garbage that a crash may leave for the next time.
  for (const index of await listSegments(dir)) if (index <= last) await rm(join(dir, segmentName(index)));
  for (const each of await listCheckpoints(dir))
    if (each.index < last) await rm(each.path, { recursive: true });
}

async function copy(
  segments: readonly Segment[],
  target: string,
  keep: (ref: number) => boolean,
  mint: number,
): Promise<void> {
  const pacer = new Pacer();
  const out = new WalWriter(target, 0);
  try {
    for (const { dir, index } of segments) {
      let pending: Uint8Array[] = [];
      for await (const record of readSegment(dir, index, () => {})) {
        const kept = filterRecord(record, keep, mint);
        if (kept !== undefined) pending.push(kept);
        if (pending.length >= 16) {
          await out.log(pending);
          pending = [];
        }
        const pause = pacer.pause();
        if (pause) await pause;
      }
      await out.log(pending);
    }
  } finally {
    await out.close();
  }
}

const floats = new records.LoggedFloats(1000);

function keepFloats(
  input: ByteReader,
  out: ByteWriter,
  wanted: (ref: number, t: number) => boolean,
  begin: (ref: number, t: number) => void,
): void {
  const { refs, timestamps, words } = floats;
  const base = records.SampleBase.read(input);
  while (input.remaining > 0) {
    records.readSamples(input, base, floats);
    for (let i = 0; i < floats.length; i++) {
      if (!wanted(refs[i]!, timestamps[i]!)) continue;
      begin(refs[i]!, timestamps[i]!);
      out.words(words[2 * i + HIGH_WORD]!, words[2 * i + LOW_WORD]!);
    }
  }
}

/** The record without what is no longer needed; undefined where nothing is left. */
export function filterRecord(
  record: Uint8Array,
  keep: (ref: number) => boolean,
  mint: number,
): Uint8Array | undefined {
  const [type = 0] = record;
  const input = new ByteReader(record, 1);
  if (input.remaining === 0) return undefined;
  const out = new ByteWriter(record.length + 16);
  out.u8(type);
  const base = new records.SampleBase();
  const wanted = (ref: number, t: number): boolean => t >= mint && keep(ref);
  const begin = (ref: number, t: number): void => {
    if (out.length === 1) base.writeFirst(out, ref, t);
    base.write(out, ref, t);
  };
  try {
    switch (type) {
      case records.SERIES:
        records.readSeries(input, (ref, labels) => keep(ref) && records.writeSeries(out, ref, labels));
        break;
      case records.SAMPLES:
        keepFloats(input, out, wanted, begin);
        break;
      case records.TOMBSTONES:
        records.readTombstones(input, (ref, from, to) => {
          if (to >= mint && keep(ref)) records.writeTombstone(out, ref, from, to);
        });
        break;
      case records.EXEMPLARS:
        records.readExemplars(input, records.SampleBase.read(input), ({ ref, t, value, labels }) => {
          if (!wanted(ref, t)) return;
          begin(ref, t);
          out.f64(value);
          records.writeLabels(out, labels);
        });
        break;
      case records.METADATA:
        records.readMetadata(
          input,
          (ref, metadata) => keep(ref) && records.writeMetadata(out, ref, metadata),
        );
        break;
      case records.HISTOGRAMS:
      case records.CUSTOM_HISTOGRAMS:
      case records.FLOAT_HISTOGRAMS:
      case records.CUSTOM_FLOAT_HISTOGRAMS:
        records.readHistograms(input, records.SampleBase.read(input), type, (ref, t, _, raw) => {
          if (!wanted(ref, t)) return;
          begin(ref, t);
          out.raw(raw);
        });
        break;
      default:
        // Markers of head chunks; and kinds of records yet unknown, which Prometheus drops here as well.
        return undefined;
    }
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
  }
  return out.length === 1 ? undefined : out.written();
}
