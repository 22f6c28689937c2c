import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { CorruptionError, messageOf } from '../errors.ts';

/** What a block is. Times are ms; `maxTime` is the first one behind the block. */
export interface BlockMeta {
  readonly ulid: string;
  readonly minTime: number;
  readonly maxTime: number;
  readonly stats: BlockStats;
  readonly compaction: {
    /** 1 = cut from the head; one more with every merge. */
    readonly level: number;
    /** The level-1 blocks that are in here. */
    readonly sources: readonly string[];
    /** The blocks that were merged into this one; they are to be deleted where they still are. */
    readonly parents?: readonly {
      readonly ulid: string;
      readonly minTime: number;
      readonly maxTime: number;
    }[];
    readonly hints?: readonly string[];
  };
  readonly version: 1;
}

export interface BlockStats {
  readonly numSamples: number;
  readonly numSeries: number;
  readonly numChunks: number;
  readonly numTombstones?: number;
}

/** A schema that is exact about what we use; what else there is (Thanos adds fields) is kept. */
function metaSchema(): v.GenericSchema<unknown, unknown> {
  const whole = v.pipe(v.number(), v.integer());
  const count = v.optional(whole, 0);
  const parent = v.looseObject({ ulid: v.string(), minTime: whole, maxTime: whole });
  return v.looseObject({
    ulid: v.string(),
    minTime: whole,
    maxTime: whole,
    stats: v.optional(
      v.looseObject({
        numSamples: count,
        numSeries: count,
        numChunks: count,
        numTombstones: v.optional(whole),
      }),
      {},
    ),
    compaction: v.looseObject({
      level: whole,
      sources: v.optional(v.array(v.string()), []),
      parents: v.optional(v.array(parent)),
      hints: v.optional(v.array(v.string())),
    }),
    version: v.literal(1),
  });
}

/** @throws CorruptionError where it is missing or is no meta.json */
export async function readMeta(dir: string): Promise<BlockMeta> {
  const path = join(dir, 'meta.json');
  try {
    return v.parse(metaSchema(), JSON.parse(await readFile(path, 'utf8'))) as BlockMeta;
  } catch (error) {
    throw new CorruptionError(`${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Replaces meta.json in one step. */
export async function writeMeta(dir: string, meta: BlockMeta): Promise<void> {
  await replaceFile(join(dir, 'meta.json'), JSON.stringify(meta, undefined, '\t'));
}

/** The file is either the old one or the new one, also after a power cut. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(`${path}.tmp`, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
}

/** Brings a directory's entries to the platter. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
