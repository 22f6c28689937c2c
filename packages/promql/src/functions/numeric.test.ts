import { expect, test } from 'vitest';
import { MATH_FUNCTIONS } from './numeric.ts';

test.each([
  ['sinh', 1, Math.sinh(1)],
  ['sinh', -30, -Math.exp(30) / 2],
  ['sinh', 710, Infinity],
  ['sinh', -710, -Infinity],
  ['sinh', NaN, NaN],
  ['cosh', -30, Math.exp(30) / 2],
  ['cosh', 710, Infinity],
])('%s(%d) = %d, as in Go', (name, x, value) => expect(MATH_FUNCTIONS.get(name)?.(x)).toBe(value));
