import { randomBytes } from 'node:crypto';

/** Crockford's base 32: no I, L, O, U. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const PATTERN = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** A name for a block that sorts by time: 48 bits of milliseconds, 80 random bits, as 26 digits. */
export function newUlid(now: number): string {
  const random = randomBytes(10);
  let value = (BigInt(now) << 80n) | BigInt(`0x${random.toString('hex')}`);
  let text = '';
  for (let i = 0; i < 26; i++) {
    text = DIGITS[Number(value & 31n)]! + text;
    value >>= 5n;
  }
  return text;
}

export function isUlid(name: string): boolean {
  return PATTERN.test(name);
}
