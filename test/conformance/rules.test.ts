import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRuleFile } from '@prunella/rules';
import { describe, expect, test } from 'vitest';
import { command as checkRules } from '../../packages/cli/src/commands/check-rules.ts';
import { command as testRules } from '../../packages/cli/src/commands/test-rules.ts';
import type { Io } from '../../packages/cli/src/command.ts';

const shared = join(import.meta.dirname, '../../../shared');
const rules = join(shared, 'conformance/rules');
const reference = join(shared, 'reference/rules');

function io(): Io & { lines: string[] } {
  const lines: string[] = [];
  const add = (line: string): void => void lines.push(line);
  return { out: add, err: add, env: {}, signal: new AbortController().signal, lines };
}

const cases = existsSync(rules)
  ? readFileSync(join(rules, 'EXPECTED.tsv'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split('\t') as [args: string, status: string, why: string])
  : [];

describe.skipIf(cases.length === 0)('test rules, as promtool (skipped without ../shared/conformance)', () => {
  test.each(cases)('%s → %s: %s', async (args, status) => {
    const world = io();
    const words = args.split(' ').map((word) => (word.endsWith('.yml') ? join(rules, word) : word));
    const code = await testRules.run(words, world);
    expect(code, world.lines.join('\n')).toBe(Number(status));
  });
});

const files = existsSync(reference) ? readdirSync(reference).filter((name) => name.endsWith('.yml')) : [];

describe.skipIf(files.length === 0)(
  'rule files in use elsewhere load (skipped without ../shared/reference)',
  () => {
    test.each(files)('%s', (name) => {
      const { groups } = parseRuleFile(readFileSync(join(reference, name), 'utf8'), name);
      expect(groups.flatMap((group) => group.rules).length).toBeGreaterThan(3);
    });
  },
);

const shipped = join(import.meta.dirname, '../../config/rules');

describe('the rules we ship', () => {
  test('are valid and leave nothing to warn of', async () => {
    const world = io();
    const names = readdirSync(shipped).filter((name) => name.endsWith('.yml'));
    const code = await checkRules.run(['--lint-fatal', ...names.map((name) => join(shipped, name))], world);
    expect(code, world.lines.join('\n')).toBe(0);
  });

  test.each(readdirSync(join(shipped, 'tests')))('pass %s', async (name) => {
    const world = io();
    expect(await testRules.run([join(shipped, 'tests', name)], world), world.lines.join('\n')).toBe(0);
  });
});
