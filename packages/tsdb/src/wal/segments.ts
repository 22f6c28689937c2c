import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../errors.ts';

/** `7` → `00000007`. */
export function segmentName(index: number): string {
  return String(index).padStart(8, '0');
}

/** The numbers of a log's segments, rising. A directory that is not there has none. */
export async function listSegments(dir: string): Promise<number[]> {
  const names = await listNames(dir);
  return names
    .filter((name) => /^\d{8,}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** The newest checkpoint of a log: it stands for all segments up to and including `index`. */
export async function lastCheckpoint(dir: string): Promise<{ index: number; path: string } | undefined> {
  const all = await listCheckpoints(dir);
  return all.at(-1);
}

export async function listCheckpoints(dir: string): Promise<{ index: number; path: string }[]> {
  const names = (await listNames(dir)).filter((name) => /^checkpoint\.\d+$/.test(name));
  return names
    .map((name) => ({ index: Number(name.slice('checkpoint.'.length)), path: join(dir, name) }))
    .sort((a, b) => a.index - b.index);
}

/** The names in a directory; none where it does not exist. */
export async function listNames(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
