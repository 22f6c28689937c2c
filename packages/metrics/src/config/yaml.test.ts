import { expect, test } from 'vitest';
import { printYaml, readYaml } from './index.ts';

test('YAML is printed as it is read, without folding long lines', () => {
  const value = { text: 'word '.repeat(50), list: [1, true, null, 'true'], empty: '' };
  expect(readYaml(printYaml(value))).toEqual(value);
  expect(printYaml(value).split('\n')).toHaveLength(8);
  expect(() => readYaml('a: [')).toThrow('Flow sequence');
});
