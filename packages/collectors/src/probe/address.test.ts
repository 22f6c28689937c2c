import { expect, test } from 'vitest';
import { addressBytes } from './address.ts';

test.each([
  ['127.0.0.1', [127, 0, 0, 1]],
  ['::1', [...Array.from({ length: 15 }, () => 0), 1]],
  ['::', Array.from({ length: 16 }, () => 0)],
  ['2001:db8::8:800:200c:417a', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 8, 8, 0, 0x20, 0xc, 0x41, 0x7a]],
  ['fe80::1%eth0', [0xfe, 0x80, ...Array.from({ length: 13 }, () => 0), 1]],
])('addressBytes(%s)', (address, bytes) => {
  expect(addressBytes(address)).toEqual(bytes);
});
