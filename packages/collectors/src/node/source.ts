import { readFile } from 'node:fs/promises';
import type { Clock } from '@prunella/metrics';

/** Where the node collector reads: the real `/proc` and `/sys`, or a copy in tests. */
export interface NodeSource {
  readonly proc: string;
  readonly sys: string;
  /** Prefix of mount points, for a host's root mounted into a container. */
  readonly root: string;
  readonly clock: Clock;
}

/** The lines of a file below /proc. */
export async function readLines(path: string): Promise<string[]> {
  return (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
}

/** `name value` or `name: value unit` per line. */
export function parsePairs(lines: readonly string[]): Map<string, number> {
  return new Map(
    lines.map((line) => {
      const [name = '', value] = line.split(/[:\s]+/);
      return [name, Number(value)] as const;
    }),
  );
}
