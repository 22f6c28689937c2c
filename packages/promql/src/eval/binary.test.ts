import { expect, test } from 'vitest';
import { Engine } from '../engine.ts';
import { MemoryStorage } from '../testing/memory.ts';

const storage = new MemoryStorage();
storage.add({ __name__: 'few', x: 'a' }, 0, 1);
for (const y of ['1', '2']) storage.add({ __name__: 'many', x: 'a', y }, 0, Number(y) + 1);

/** The values of an answer, by the label y. */
async function values(expr: string): Promise<unknown> {
  const { value } = await new Engine().instant(storage, expr, 0);
  return value.type === 'vector' && value.samples.map((each) => [each.labels.get('y'), each.value]);
}

// As Prometheus 2.42 and 3.5 do: the labels are those of the many, the value is that on the left.
test.each([
  [
    'few < on(x) group_right() many',
    [
      ['1', 1],
      ['2', 1],
    ],
  ],
  [
    'many > on(x) group_left() few',
    [
      ['1', 2],
      ['2', 3],
    ],
  ],
  [
    'few < bool on(x) group_right() many',
    [
      ['1', 1],
      ['2', 1],
    ],
  ],
  [
    'few - on(x) group_right() many',
    [
      ['1', -1],
      ['2', -2],
    ],
  ],
])('%s', async (expr, expected) => expect(await values(expr)).toEqual(expected));
