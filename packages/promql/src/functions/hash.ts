import type { Labels } from '@prunella/metrics';

const P1 = 11400714785074694791n;
const P2 = 14029467366897019727n;
const P3 = 1609587929392839161n;
const P4 = 9650029242287828579n;
const P5 = 2870177450012600261n;
const mask = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotate = (value: bigint, bits: bigint): bigint => mask((value << bits) | (value >> (64n - bits)));
const round = (state: bigint, input: bigint): bigint => mask(rotate(mask(state + input * P2), 31n) * P1);

/** xxHash64 with seed 0. */
export function xxHash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  let hash = P5;
  if (bytes.length >= 32) {
    const lanes = [mask(P1 + P2), P2, 0n, mask(-P1)];
    for (; at + 32 <= bytes.length; at += 32)
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i] as bigint, view.getBigUint64(at + 8 * i, true));
    hash = mask([1n, 7n, 12n, 18n].reduce((sum, bits, i) => sum + rotate(lanes[i] as bigint, bits), 0n));
    for (const lane of lanes) hash = mask((hash ^ round(0n, lane)) * P1 + P4);
  }
  hash = mask(hash + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8)
    hash = mask(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4);
  if (at + 4 <= bytes.length) {
    hash = mask(rotate(hash ^ mask(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < bytes.length; at++)
    hash = mask(rotate(hash ^ mask(BigInt(bytes[at] as number) * P5), 11n) * P1);
  hash = mask((hash ^ (hash >> 33n)) * P2);
  hash = mask((hash ^ (hash >> 29n)) * P3);
  return hash ^ (hash >> 32n);
}

/** Where between 0 and 1 a series falls: Prometheus's hash of its labels, each string after its length. */
export function labelPosition(labels: Labels): number {
  const bytes: number[] = [];
  for (const pair of labels) {
    for (const text of pair) {
      const encoded = new TextEncoder().encode(text);
      const { length } = encoded;
      if (length < 255) bytes.push(length);
      else bytes.push(255, length & 255, (length >> 8) & 255, (length >> 16) & 255);
      bytes.push(...encoded);
    }
  }
  return Number(xxHash64(Uint8Array.from(bytes))) / 2 ** 64;
}
