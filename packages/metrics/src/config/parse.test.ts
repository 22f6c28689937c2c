import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { ConfigError, ConfigSource, duration, parseConfig, Secret, secret } from './index.ts';

const schema = v.strictObject({
  global: v.optional(v.strictObject({ scrape_interval: v.optional(duration) })),
  jobs: v.optional(v.array(v.strictObject({ name: v.string(), password: v.optional(secret) }))),
});

function problems(text: string): string {
  try {
    parseConfig(text, 'a.yml', schema);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'valid';
}

describe('parseConfig()', () => {
  test.each([
    ['unknown key', 'global:\n  scrape_intervall: 1s\n', 'a.yml:2:3: unknown key "scrape_intervall"'],
    [
      'bad duration',
      'global:\n  scrape_interval: 1x\n',
      'a.yml:2:3: global.scrape_interval: unknown unit "x" in duration "1x"',
    ],
    ['missing key', 'jobs:\n  - name: a\n  - password: b\n', 'a.yml:3:5: missing key "name"'],
    ['wrong type', 'jobs:\n  - name: 1\n', 'a.yml:2:5: jobs.0.name: expected string, got 1'],
    ['key twice', 'jobs: []\njobs: []\n', 'a.yml:2:1: Map keys must be unique'],
    [
      'broken YAML',
      'jobs: [\n',
      'a.yml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  ])('names file, line and fault: %s', (_, text, expected) => {
    expect(problems(text)).toContain(expected);
  });

  test('reports every problem at once', () => {
    expect(problems('jobs: [{name: 1}, {name: 2}]').split('\n')).toHaveLength(2);
  });

  test('keeps secrets out of strings', () => {
    const config = parseConfig('jobs:\n  - {name: a, password: hush}\n', 'a.yml', schema);
    expect(JSON.stringify(config)).not.toContain('hush');
    expect(config.jobs?.[0]?.password).toBeInstanceOf(Secret);
    expect(config.jobs?.[0]?.password?.reveal()).toBe('hush');
  });
});

test('ConfigSource.texts gives scalars as they were written', () => {
  const source = new ConfigSource('a: 0x10\nb: [1.50, yes, true, "5", null]\nc: &x 1e3\nd: *x\n', 'a.yml');
  expect(source.texts).toEqual({ a: '0x10', b: ['1.50', 'yes', 'true', '5', null], c: '1e3', d: '1e3' });
  expect(source.value).toMatchObject({ a: 16, c: 1000 });
});
