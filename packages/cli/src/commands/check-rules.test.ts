import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Command } from '../command.ts';
import { command as checkConfig } from './check-config.ts';
import { command as checkRules } from './check-rules.ts';
import { command as testRules } from './test-rules.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'prunella-check-'));
  const files = {
    'good.yml':
      'groups:\n  - name: g\n    rules:\n      - {record: a, expr: up}\n      - {alert: A, expr: up, for: 1m, annotations: {summary: s}}\n',
    'noisy.yml': 'groups:\n  - name: g\n    rules:\n      - {alert: A, expr: up}\n',
    'bad.yml': 'groups:\n  - name: g\n    rules:\n      - {record: a, expr: "up +"}\n',
    'new.yml': 'groups:\n  - name: g\n    rules:\n      - {record: a, expr: "mad_over_time(up[5m])"}\n',
    'extra.yml': 'groups:\n  - name: g\n    owner: me\n    rules: [{record: a, expr: up}]\n',
    'prometheus.yml':
      'global: {scrape_interval: 15s}\nrule_files: [go*.yml, none*.yml]\nscrape_configs: [{job_name: a, static_configs: [{targets: [x]}]}]\n',
    'missing.yml': 'rule_files: [nope.yml]\n',
    'refers.yml': 'rule_files: [bad.yml]\n',
    'broken.yml': 'global:\n  scrape_intervall: 15s\n',
    'tests.yml':
      'rule_files: [good.yml]\ntests:\n  - name: one\n    input_series: [{series: up, values: 1}]\n    promql_expr_test: [{expr: a, exp_samples: [{labels: a, value: 1}]}]\n  - name: two\n    promql_expr_test: [{expr: a, exp_samples: [{labels: a, value: 2}]}]\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function run(command: Command, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await command.run(
    args.map((arg) => (arg.endsWith('.yml') ? join(dir, arg) : arg)),
    {
      out: (line) => out.push(line),
      err: (line) => err.push(line),
      env: {},
      signal: new AbortController().signal,
    },
  );
  const plain = (lines: string[]): string => lines.join('\n').replaceAll(`${dir}/`, '');
  return { code, out: plain(out), err: plain(err) };
}

describe('check rules', () => {
  test('counts the rules of a valid file', async () => {
    expect(await run(checkRules, 'good.yml')).toEqual({
      code: 0,
      out: 'Checking good.yml\n  SUCCESS: 2 rules found\n',
      err: '',
    });
  });

  test('names file, line and fault, and goes on with the next file', async () => {
    const { code, out, err } = await run(checkRules, 'bad.yml', 'good.yml');
    expect(code).toBe(1);
    expect(out).toContain('Checking good.yml\n  SUCCESS: 2 rules found');
    expect(err).toMatch(
      /^ {2}FAILED:\n {2}bad.yml:4:\d+: group "g", rule 1, "a": could not parse expression: 1:5: parse error: /,
    );
  });

  test('warns of an alert without `for`, with a hint; fatal only on request', async () => {
    const { code, err } = await run(checkRules, 'noisy.yml');
    expect(code).toBe(0);
    expect(err).toContain('WARNING: noisy.yml:4: alert "A" has no "for"\n           one bad sample');
    expect((await run(checkRules, '--lint-fatal', 'noisy.yml')).code).toBe(3);
    expect((await run(checkRules, '--no-lint', 'noisy.yml')).err).toBe('');
  });

  test('refuses unknown keys unless told otherwise', async () => {
    expect((await run(checkRules, 'extra.yml')).err).toContain('extra.yml:3:5: unknown key "owner"');
    expect((await run(checkRules, '--ignore-unknown-fields', 'extra.yml')).code).toBe(0);
  });

  test('takes experimental functions only where they are enabled', async () => {
    expect((await run(checkRules, 'new.yml')).err).toContain('function "mad_over_time" is not enabled');
    const flag = '--enable-feature=promql-delayed-name-removal,promql-experimental-functions';
    expect((await run(checkRules, flag, 'new.yml')).code).toBe(0);
  });

  test('a missing file is a fault, no file is wrong usage', async () => {
    expect((await run(checkRules, 'nope.yml')).err).toContain('nope.yml: no such file');
    expect((await run(checkRules)).code).toBe(2);
  });
});

describe('check config', () => {
  test('checks prometheus.yml and the rule files that it names', async () => {
    const { code, out } = await run(checkConfig, 'prometheus.yml');
    expect(code).toBe(0);
    expect(out).toBe(
      'Checking prometheus.yml\n  SUCCESS: 1 rule files found\n SUCCESS: prometheus.yml is valid prometheus config file syntax\n\nChecking good.yml\n  SUCCESS: 2 rules found\n',
    );
  });

  test.each([
    ['missing.yml', 'rule_files: "nope.yml" does not point to an existing file'],
    ['refers.yml', 'could not parse expression'],
    ['broken.yml', 'broken.yml:2:3: unknown key "scrape_intervall"'],
  ])('%s fails: %s', async (file, message) => {
    const { code, err } = await run(checkConfig, file);
    expect(code).toBe(1);
    expect(err).toContain(message);
  });

  test('--syntax-only leaves the rule files alone', async () => {
    expect((await run(checkConfig, '--syntax-only', 'refers.yml')).code).toBe(0);
  });
});

describe('test rules', () => {
  test('tells per file whether its tests pass', async () => {
    expect(await run(testRules, '--run', '^one$', 'tests.yml')).toEqual({
      code: 0,
      out: 'Unit Testing:  tests.yml\n  SUCCESS\n',
      err: '',
    });
    const { code, err } = await run(testRules, 'tests.yml');
    expect(code).toBe(1);
    expect(err).toContain(
      '  FAILED:\n    expr: "a", time: 0s,\n        exp: {__name__="a"} 2E+00\n        got: nil',
    );
  });

  test('a file that is no test file fails, no file is wrong usage', async () => {
    expect((await run(testRules, 'good.yml')).code).toBe(1);
    expect((await run(testRules, 'nope.yml')).err).toContain('nope.yml: no such file');
    expect((await run(testRules)).code).toBe(2);
  });
});
