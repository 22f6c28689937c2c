import type { Logger } from '@prunella/metrics';
import { messageOf } from '../errors.ts';
import type { WalDamage } from './reader.ts';
import { fillGap, missingSegments, repairSegments, settleRepairs } from './repair.ts';
import { lastCheckpoint, listSegments } from './segments.ts';

export interface Segment {
  readonly dir: string;
  readonly index: number;
}

/** What of a log is to be read, in order: the newest checkpoint, then the segments behind it. */
export async function segmentsToRead(
  dir: string,
): Promise<{ segments: Segment[]; next: number; missing: number[] }> {
  const checkpoint = await lastCheckpoint(dir);
  const segments: Segment[] = [];
  if (checkpoint !== undefined) {
    for (const index of await listSegments(checkpoint.path)) segments.push({ dir: checkpoint.path, index });
  }
  const own = await listSegments(dir);
  const after = own.filter((index) => index > (checkpoint?.index ?? -1));
  for (const index of after) segments.push({ dir, index });
  const missing = missingSegments(after);
  const [first] = after;
  if (checkpoint !== undefined && first !== undefined) {
    for (let lost = checkpoint.index + 1; lost < first; lost++) missing.push(lost);
  }
  return { segments, next: Math.max(own.at(-1) ?? -1, checkpoint?.index ?? -1) + 1, missing };
}

/** Ends repairs of a log that a crash cut short. */
export async function prepareLog(dir: string): Promise<void> {
  await settleRepairs(dir);
  const checkpoint = await lastCheckpoint(dir);
  if (checkpoint !== undefined) await settleRepairs(checkpoint.path);
}

/** Makes a log whole again, where the disk allows. */
export async function repairLog(
  dir: string,
  damages: readonly WalDamage[],
  missing: readonly number[],
  quarantine: string,
  logger: Logger,
): Promise<void> {
  try {
    await repairSegments(damages, quarantine);
    for (const segment of missing) await fillGap(dir, segment);
    if (damages.length > 0) logger.info({ quarantine }, 'the log is repaired; the damaged bytes are kept');
  } catch (error) {
    logger.error(
      { error: messageOf(error) },
      'the log could not be repaired now; it will be tried again at the next start',
    );
  }
}
