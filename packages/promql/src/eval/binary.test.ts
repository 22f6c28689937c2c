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

// `later` begins after the first step, where duplicates on the other side do not matter yet.
test('duplicates are refused only where there is something to be matched', async () => {
  storage.add({ __name__: 'later', x: 'a' }, 600_000, 1);
  const range = (start: number): Promise<unknown> =>
    new Engine().range(storage, 'later * on(x) group_left() many', start, 60_000, 60_000);
  await expect(range(0)).resolves.toMatchObject({ value: { series: [] } });
  expect(await values('few{y="none"} * on(x) many')).toEqual([]);
  await expect(values('few * on(x) many')).rejects.toThrow('many-to-many matching not allowed');
});

// Go's Min and Max let an infinity that decides win over NaN.
test.each([
  ['clamp_max(few * NaN, -Inf)', -Infinity],
  ['clamp_min(few * NaN, Inf)', Infinity],
  ['clamp_max(few * NaN, 1)', NaN],
  ['clamp(few, 2, 3)', 2],
])('%s', async (expr, value) => expect(await values(expr)).toEqual([['', value]]));
