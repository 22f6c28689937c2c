import { Labels } from '@prunella/metrics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Texts } from './texts.ts';

test('gives back equal labels, whatever they are and however many', () => {
  const texts = new Texts();
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), (object) => {
      const labels = Labels.from(object);
      expect(texts.labels(labels).pairs).toEqual(labels.pairs);
    }),
  );
  for (let i = 0; i < 50_000; i++)
    expect(texts.text(`a rather long text ${i}`)).toBe(`a rather long text ${i}`);
});
