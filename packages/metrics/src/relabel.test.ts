import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { Labels } from './labels.ts';
import { relabelConfig, relabelConfigs, Relabeler } from './relabel.ts';

const base = { a: 'foo', b: 'bar', c: 'baz' };

function relabel(
  labels: Record<string, string>,
  steps: object | object[],
): Record<string, string> | undefined {
  const configs = v.parse(relabelConfigs, Array.isArray(steps) ? steps : [steps]);
  return new Relabeler(configs).apply(Labels.from(labels))?.toObject();
}

describe('Relabeler', () => {
  test.each<[string, object | object[], Record<string, string> | undefined]>([
    ['replace by default', { source_labels: ['a'], target_label: 'd' }, { ...base, d: 'foo' }],
    ['sources are joined', { source_labels: ['a', 'b'], target_label: 'd' }, { ...base, d: 'foo;bar' }],
    [
      'groups',
      {
        source_labels: ['a', 'b'],
        separator: '-',
        regex: 'f(.*)-(?P<x>b).*',
        target_label: 'd',
        replacement: '${2}$1_$x$$',
      },
      { ...base, d: 'bb$' },
    ],
    [
      '$1x is a name of its own',
      { source_labels: ['a'], regex: 'f(.*)', target_label: 'd', replacement: '$1x' },
      base,
    ],
    [
      'braces end the name',
      { source_labels: ['a'], regex: 'f(.*)', target_label: 'd', replacement: '${1}x' },
      { ...base, d: 'oox' },
    ],
    [
      'anchored on both ends',
      { source_labels: ['a'], regex: 'o', target_label: 'd', replacement: 'x' },
      base,
    ],
    [
      'an empty result removes',
      { source_labels: ['a'], target_label: 'b', regex: 'foo', replacement: '' },
      { a: 'foo', c: 'baz' },
    ],
    [
      'the target may hold groups',
      { source_labels: ['a'], regex: '(f).*', target_label: '${1}_name', replacement: 'v' },
      { ...base, f_name: 'v' },
    ],
    [
      'a target that is no name changes nothing',
      { source_labels: ['a'], regex: '(f).*', target_label: '${3}', replacement: 'v' },
      base,
    ],
    ['a constant', { target_label: 'd', replacement: 'x' }, { ...base, d: 'x' }],
    ['keep', { action: 'keep', source_labels: ['a'], regex: 'f.*' }, base],
    ['keep drops others', { action: 'keep', source_labels: ['a'], regex: 'x.*' }, undefined],
    ['drop', { action: 'drop', source_labels: ['a'], regex: 'foo|x' }, undefined],
    ['drop keeps others', { action: 'drop', source_labels: ['a'], regex: 'x' }, base],
    ['drop what is missing', { action: 'drop', source_labels: ['zz'], regex: '' }, undefined],
    ['keepequal', { action: 'keepequal', source_labels: ['a'], target_label: 'b' }, undefined],
    ['dropequal', { action: 'dropequal', source_labels: ['a'], target_label: 'b' }, base],
    ['uppercase', { action: 'uppercase', source_labels: ['a'], target_label: 'd' }, { ...base, d: 'FOO' }],
    [
      'lowercase',
      [
        { target_label: 'd', replacement: 'XyZ' },
        { action: 'lowercase', source_labels: ['d'], target_label: 'd' },
      ],
      { ...base, d: 'xyz' },
    ],
    [
      'labelmap',
      { action: 'labelmap', regex: '(a|b)', replacement: 'x_$1' },
      { ...base, x_a: 'foo', x_b: 'bar' },
    ],
    ['labeldrop', { action: 'labeldrop', regex: 'a|b' }, { c: 'baz' }],
    ['labelkeep', { action: 'labelkeep', regex: '[ab]' }, { a: 'foo', b: 'bar' }],
    ['the action in capitals', { action: 'Keep', source_labels: ['a'], regex: 'foo' }, base],
    [
      'steps in turn',
      [
        { source_labels: ['a'], target_label: 'd' },
        { action: 'drop', source_labels: ['d'], regex: 'foo' },
      ],
      undefined,
    ],
  ])('%s', (_, steps, expected) => {
    expect(relabel(base, steps)).toEqual(expected);
  });

  // md5('foo\n…') is taken from `md5sum`: the lower 8 bytes as a number, modulo 1000.
  test('hashmod', () => {
    // md5('foo') = acbd18db4cc2f85c edef654fccc4a4d8
    const expected = String(0xedef654fccc4a4d8n % 1000n);
    expect(
      relabel(base, { action: 'hashmod', source_labels: ['a'], target_label: 'd', modulus: 1000 })?.['d'],
    ).toBe(expected);
  });

  test('labels that no step changes stay the same object', () => {
    const labels = Labels.from(base);
    expect(
      new Relabeler(v.parse(relabelConfigs, [{ action: 'keep', source_labels: ['a'], regex: 'foo' }])).apply(
        labels,
      ),
    ).toBe(labels);
  });
});

describe('relabelConfig', () => {
  test.each<[object, string]>([
    [{ action: 'hashmod', source_labels: ['a'], target_label: 'b' }, 'needs a modulus'],
    [{ action: 'replace', source_labels: ['a'] }, 'replace needs target_label'],
    [{ action: 'zap' }, 'unknown relabel action "zap"'],
    [{ action: 'labeldrop', regex: 'a', source_labels: ['a'] }, 'labeldrop takes only regex'],
    [{ action: 'keepequal', source_labels: ['a'], target_label: 'b', regex: 'x' }, 'keepequal takes only'],
    [{ action: 'lowercase', source_labels: ['a'], target_label: '${1}' }, 'is not a label name'],
    [{ regex: '(', target_label: 'a' }, 'invalid regular expression'],
  ])('%j: %s', (config, message) => {
    const result = v.safeParse(relabelConfig, config);
    expect(result.success ? 'valid' : result.issues.map((issue) => issue.message).join()).toContain(message);
  });
});
