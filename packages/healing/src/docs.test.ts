import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NO_HEALING, parseHealing } from './config/config.ts';
import { STEP_KINDS } from './config/steps.ts';
import { parseGameday } from './gameday/plan.ts';

const text = readFileSync(new URL('../../../docs/healing.md', import.meta.url), 'utf8');
const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] as string);

test('the examples of docs/healing.md are good', () => {
  expect(parseHealing(examples[0] as string, 'docs/healing.md').runbooks).toHaveLength(1);
  expect(parseGameday(examples[1] as string, 'docs/healing.md').scenarios).toHaveLength(1);
});

test('docs/healing.md names every step and every global key', () => {
  const rows = [...text.matchAll(/^\| (.*?) \|/gm)].map((match) => match[1]).join(' ');
  for (const name of [...STEP_KINDS, ...Object.keys(NO_HEALING.global)])
    expect(rows).toContain(`\`${name}\``);
});
