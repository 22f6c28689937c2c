import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { crc32c } from '../bytes/crc32c.ts';
import { CorruptionError, errorCode } from '../errors.ts';
import { addInterval, type Interval } from '../intervals.ts';
import { replaceFile } from './meta.ts';

const MAGIC = 0x0130ba30;
const VERSION = 1;
const HEADER = 5;

/** Deleted ranges by series number. */
export type Tombstones = ReadonlyMap<number, readonly Interval[]>;

/** `magic u32 | version u8 | (series uvarint, mint varint, maxt varint)… | CRC-32C of the entries`. */
export async function writeTombstones(dir: string, tombstones: Tombstones): Promise<void> {
  const out = new ByteWriter();
  out.u32(MAGIC);
  out.u8(VERSION);
  for (const [series, intervals] of tombstones) {
    for (const { mint, maxt } of intervals) {
      out.uvarint(series);
      out.varint(mint);
      out.varint(maxt);
    }
  }
  out.u32(crc32c(out.bytes, HEADER, out.length));
  await replaceFile(join(dir, 'tombstones'), out.written());
}

/** @throws CorruptionError */
export async function readTombstones(dir: string): Promise<Map<number, Interval[]>> {
  const path = join(dir, 'tombstones');
  const bytes = await readFile(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  const tombstones = new Map<number, Interval[]>();
  if (bytes === undefined) return tombstones;
  const input = new ByteReader(bytes, 0, bytes.length - 4);
  if (bytes.length < 9 || input.u32() !== MAGIC) throw new CorruptionError(`${path}: not a tombstones file`);
  if (
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4) !==
    crc32c(bytes, HEADER, bytes.length - 4)
  ) {
    throw new CorruptionError(`${path}: checksum mismatch`);
  }
  const version = input.u8();
  if (version !== VERSION) throw new CorruptionError(`${path}: unknown version ${version}`);
  while (input.remaining > 0) {
    const series = input.uvarint();
    const interval = { mint: input.varint(), maxt: input.varint() };
    tombstones.set(series, addInterval(tombstones.get(series) ?? [], interval));
  }
  return tombstones;
}
