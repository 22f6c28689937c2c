import { createHash } from 'node:crypto';

/** A group's identity at services that keep one incident per key: SHA-256 of the group key, hex. */
export function hashKey(groupKey: string): string {
  return createHash('sha256').update(groupKey).digest('hex');
}
