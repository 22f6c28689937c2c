import { describe, expect, test } from 'vitest';
import { sources } from './tree.ts';

/** DESIGN §3: arrows go only downwards, never sideways. */
const LAYERS: readonly (readonly string[])[] = [
  ['metrics', 'gotemplate'],
  ['tsdb', 'promql', 'workloads'],
  ['scrape', 'remote', 'rules', 'alertmanager', 'healing', 'collectors'],
  ['server', 'ui'],
  ['cli'],
];
const layerOf = (name: string): number => LAYERS.findIndex((layer) => layer.includes(name));

describe('the import table', () => {
  const files = sources('packages');

  test.each(LAYERS.flat())('%s imports only what lies below it', (name) => {
    const wrong: string[] = [];
    for (const file of files.filter(({ path }) => path.startsWith(`packages/${name}/`))) {
      for (const imported of importsOf(file.text)) {
        const allowed =
          name === 'ui' ? imported === 'promql' || imported === 'metrics' : layerOf(imported) < layerOf(name);
        if (imported !== name && !allowed) wrong.push(`${file.path} imports ${imported}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('the pages know the parser of promql only', () => {
    const wrong = files.filter(
      ({ path, text }) => path.startsWith('packages/ui/') && /from '@prunella\/promql'/.test(text),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test('the shop, the load generator and instrument import nothing of ours but instrument', () => {
    const own = [...sources('apps'), ...files.filter(({ path }) => path.startsWith('packages/instrument/'))];
    const wrong = own.filter(({ text }) => importsOf(text).some((imported) => imported !== 'instrument'));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test('no package reaches into another one', () => {
    const wrong = files.filter(({ text }) =>
      /from '(?:\.\.\/)+[a-z]+\/src\/|@prunella\/[a-z]+\/src\//.test(text),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:from|import\()\s*'@prunella\/([a-z]+)/g)].map((match) => match[1] as string);
}
