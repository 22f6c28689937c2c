import type { Labels } from '@prunella/metrics';

const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/**
 * Alertmanager's identity of a label set, for alerts that come without one: 64-bit FNV-1a over `name 0xff value 0xff` in
 * name order, as 16 hex digits.
 */
export function fingerprintOf(labels: Labels): string {
  let hash = OFFSET;
  const add = (byte: number): void => {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * PRIME);
  };
  for (const text of labels.pairs) {
    Buffer.from(text, 'utf8').forEach(add);
    add(0xff);
  }
  return hash.toString(16).padStart(16, '0');
}
