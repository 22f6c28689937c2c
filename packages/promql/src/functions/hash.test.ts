import { expect, test } from 'vitest';
import { xxHash64 } from './hash.ts';

test.each([
  ['', 'ef46db3751d8e999'],
  ['a', 'd24ec4f1a98c6e5b'],
  ['abc', '44bc2cf5ad770999'],
  ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
])('xxHash64 of %j', (text, hash) => {
  expect(xxHash64(new TextEncoder().encode(text)).toString(16)).toBe(hash);
});
