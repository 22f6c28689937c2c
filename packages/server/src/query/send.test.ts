import { expect, test } from 'vitest';
import { sampleValue } from './json.ts';
import { chooseEncoding } from './send.ts';

test.each([
  ['', undefined],
  ['identity', undefined],
  ['gzip', 'gzip'],
  ['GZIP', 'gzip'],
  ['gzip, zstd', 'zstd'],
  ['zstd;q=0.5, gzip;q=0.9', 'gzip'],
  ['gzip;q=0', undefined],
  ['*', 'zstd'],
  ['*;q=0.1, zstd;q=0', 'gzip'],
  ['br, deflate', undefined],
  ['identity;q=1, gzip;q=0.5', undefined],
  ['identity;q=0.5, gzip', 'gzip'],
  ['xgzip, gzip2', undefined],
  ['gzip;q=x', undefined],
])('%j takes %s', (header, encoding) => expect(chooseEncoding(header, ['zstd', 'gzip'])).toBe(encoding));

// As Prometheus 3.5 writes them.
test.each([
  [0, '0'],
  [-0, '-0'],
  [1.5, '1.5'],
  [1e20, '100000000000000000000'],
  [1e21, '1e+21'],
  [1.2345678901234569e23, '1.2345678901234569e+23'],
  [1e-6, '0.000001'],
  [1e-7, '1e-07'],
  [5e-324, '5e-324'],
  [1.7976931348623157e308, '1.7976931348623157e+308'],
  [Infinity, '+Inf'],
  [-Infinity, '-Inf'],
  [NaN, 'NaN'],
])('%d is written %s', (value, text) => expect(sampleValue(value)).toBe(text));
