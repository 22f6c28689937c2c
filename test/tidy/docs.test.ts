import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serveFlags } from '../../packages/cli/src/serve/flags.ts';
import { root } from './tree.ts';

const text = readFileSync(join(root, 'docs/configuration.md'), 'utf8');

test('docs/configuration.md has every flag, and no other (npm run build && node scripts/docs.js writes them)', () => {
  const documented = [...text.matchAll(/^\| `--([a-z.-]+)` \|/gm)].map((match) => match[1]);
  expect(documented).toEqual(Object.keys(serveFlags));
  for (const flag of Object.values(serveFlags)) expect(text).toContain(flag.help);
});
