import { expect, test } from 'vitest';
import { ShardedMap } from './sharded_map.ts';

test('it is a map, small or large', () => {
  const map = new ShardedMap<number>();
  const plain = new Map<string, number>();
  for (let i = 0; i < 30_000; i++) {
    const key = `value-${(i * 7919) % 20_011}`;
    if (i % 5 === 4) {
      map.delete(key);
      plain.delete(key);
    } else {
      map.set(key, i);
      plain.set(key, i);
    }
    if (i % 1000 === 0) expect(map.size).toBe(plain.size);
  }
  expect(new Map(map.entries())).toEqual(plain);
  expect(new Set(map.keys())).toEqual(new Set(plain.keys()));
  expect(map.get('value-1')).toBe(plain.get('value-1'));
  expect(map.get('none')).toBeUndefined();
});
