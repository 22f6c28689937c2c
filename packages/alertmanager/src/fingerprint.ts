import type { Labels } from '@prunella/metrics';

const encoder = new TextEncoder();
const SEPARATOR = 0xff;
/** The prime of 64-bit FNV is 2^40 + this. */
const PRIME_LOW = 0x1b3;

/**
 * What Alertmanager identifies an alert by: 64-bit FNV-1a over `name 0xff value 0xff` of the sorted labels, as 16 hex
 * digits. Two 32-bit halves stand in for the 64-bit integer: BigInt is thirty times slower.
 */
export function fingerprint(labels: Labels): string {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const text of labels.pairs) {
    const bytes = encoder.encode(text);
    for (let i = 0; i <= bytes.length; i++) {
      const mixed = (low ^ (bytes[i] ?? SEPARATOR)) >>> 0;
      // Multiplying by the prime is one small product per half and a shift by eight bits.
      const product = mixed * PRIME_LOW;
      high = (Math.imul(high, PRIME_LOW) + Math.floor(product / 2 ** 32) + (mixed << 8)) >>> 0;
      low = product >>> 0;
    }
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}
