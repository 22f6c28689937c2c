import { mkdir, open, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ByteWriter } from '../bytes/writer.ts';
import { compress } from './compression.ts';
import { frame } from './page.ts';
import { readSegment, type WalDamage } from './reader.ts';
import { listNames, listSegments, segmentName } from './segments.ts';

const REPAIRED = '.repaired';

/**
 * Makes damaged segments whole again, so that Prometheus can read the log too: what is readable stays, in order, and
 * the bytes as found are moved to `quarantine`, for people. Needs no more space than the segment; where the disk has
 * not even that, the segment stays as it is, and reading skips the damage again.
 */
export async function repairSegments(damages: readonly WalDamage[], quarantine: string): Promise<void> {
  const bySegment = new Map<string, WalDamage[]>();
  for (const damage of damages) {
    const path = join(damage.dir, segmentName(damage.segment));
    const known = bySegment.get(path);
    if (known === undefined) bySegment.set(path, [damage]);
    else known.push(damage);
  }
  for (const [path, [first, ...more]] of bySegment) {
    await mkdir(quarantine, { recursive: true });
    const kept = join(quarantine, `wal-${segmentName(first!.segment)}`);
    if (first!.atEnd && more.length === 0) await cutTail(path, first!.offset, kept);
    else await rewrite(first!.dir, first!.segment, path, kept);
  }
}

/** A torn write: everything readable lies before it. */
export async function cutTail(path: string, offset: number, kept: string): Promise<void> {
  const tail = (await readFile(path)).subarray(offset);
  await writeFile(`${kept}.from-${offset}`, tail);
  await truncate(path, offset);
}

async function rewrite(dir: string, segment: number, path: string, kept: string): Promise<void> {
  const repaired = path + REPAIRED;
  try {
    const file = await open(repaired, 'w');
    try {
      const out = new ByteWriter(1 << 20);
      let position = 0;
      for await (const record of readSegment(dir, segment, () => {})) {
        const { bytes, compression } = compress(record);
        frame(out, position, bytes, compression);
        if (out.length < 1 << 20) continue;
        await file.appendFile(out.written());
        position += out.length;
        out.reset();
      }
      await file.appendFile(out.written());
      await file.datasync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(repaired, { force: true });
    throw error;
  }
  await rename(path, kept);
  await rename(repaired, path);
}

/** Finishes or undoes repairs that a crash cut short. */
export async function settleRepairs(dir: string): Promise<void> {
  for (const name of await listNames(dir)) {
    if (!name.endsWith(REPAIRED)) continue;
    const original = name.slice(0, -REPAIRED.length);
    const segments = await listSegments(dir);
    if (segments.includes(Number(original))) await rm(join(dir, name));
    else await rename(join(dir, name), join(dir, original));
  }
}

/** Numbers missing between the first and the last segment. */
export function missingSegments(segments: readonly number[]): number[] {
  const missing: number[] = [];
  for (let i = 1; i < segments.length; i++) {
    for (let lost = segments[i - 1]! + 1; lost < segments[i]!; lost++) missing.push(lost);
  }
  return missing;
}

/** Prometheus does not start on a log with a gap: an empty segment stands for one that is lost. */
export async function fillGap(dir: string, segment: number): Promise<void> {
  await writeFile(join(dir, segmentName(segment)), '', { flag: 'wx' });
}
