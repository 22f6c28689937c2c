import type { Labels } from '@prunella/metrics';

const encoder = new TextEncoder();
/** Texts that are not ASCII are encoded here, one after the other; longer ones get memory of their own. */
const scratch = new Uint8Array(4096);
const SEPARATOR = 0xff;
/** The prime of 64-bit FNV is 2^40 + this. */
const PRIME_LOW = 0x1b3;
const hex = Buffer.alloc(16);
const DIGITS = Buffer.from('0123456789abcdef');

/**
 * What Alertmanager identifies an alert by: 64-bit FNV-1a over `name 0xff value 0xff` of the sorted labels, as 16 hex
 * digits. Two 32-bit halves stand in for the 64-bit integer: BigInt is thirty times slower.
 */
export function fingerprint(labels: Labels): string {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const text of labels.pairs) {
    const bytes = isAscii(text) ? undefined : encode(text);
    const length = bytes?.length ?? text.length;
    for (let i = 0; i <= length; i++) {
      const byte = i === length ? SEPARATOR : bytes ? (bytes[i] as number) : text.charCodeAt(i);
      const mixed = (low ^ byte) >>> 0;
      // Multiplying by the prime is one small product per half and a shift by eight bits.
      const product = mixed * PRIME_LOW;
      high = (Math.imul(high, PRIME_LOW) + Math.floor(product / 2 ** 32) + (mixed << 8)) >>> 0;
      low = product >>> 0;
    }
  }
  // Two strings joined would be kept as two.
  for (let i = 7; i >= 0; i--, high >>>= 4, low >>>= 4) {
    hex[i] = DIGITS[high & 15] as number;
    hex[i + 8] = DIGITS[low & 15] as number;
  }
  return hex.toString('latin1');
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function encode(text: string): Uint8Array {
  // A UTF-16 unit takes at most three bytes.
  if (text.length * 3 > scratch.length) return encoder.encode(text);
  return scratch.subarray(0, encoder.encodeInto(text, scratch).written);
}
