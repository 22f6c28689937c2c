import { copyFile, link, mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '@prunella/metrics';
import type { Block } from './block/block.ts';
import { syncDirectory } from './block/meta.ts';
import { blockFromHead } from './compact/compactor.ts';
import type { Head } from './head/head.ts';

/** Fills `dir` with the blocks (linked where the file system can) and, where `head` is given, a block of its samples. */
export async function writeSnapshot(
  dir: string,
  blocks: readonly Block[],
  head: Head | undefined,
  clock: Clock,
): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const block of blocks) await linkTree(block.dir, join(dir, basename(block.dir)));
  if (head !== undefined && head.maxTime >= head.minTime) {
    const from = Math.max(head.minTime, head.servedFrom);
    await blockFromHead(dir, head, from, head.maxTime + 1, clock, (error) => {
      throw error;
    });
  }
  await syncDirectory(dir);
}

async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) await linkTree(source, target);
    // Tombstones and meta.json are replaced, never changed in place, so a link stays what it was.
    else await link(source, target).catch(() => copyFile(source, target));
  }
}
