// npm run check: types, lint, format, house rules and unit tests. One gate before a commit.
import { spawnSync } from 'node:child_process';
import './node-version.js';
import { build } from './build.js';
import { install } from './install.js';
import { root } from './tree.js';
import { runTests } from './vitest.js';

function step(what, command, args) {
  console.log(`check: ${what}`);
  const { status } = spawnSync(process.execPath, [`${root}/node_modules/${command}`, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) {
    console.error(`check: ${what} failed`);
    process.exit(1);
  }
}

install();
build();
step('types of the pages', 'typescript/bin/tsc', ['-p', 'packages/ui', '--noEmit']);
step('types of the tests', 'typescript/bin/tsc', ['-p', 'tsconfig.tests.json']);
step('lint', 'oxlint/bin/oxlint', ['--type-aware', '--quiet']);
step('format', 'oxfmt/bin/oxfmt', ['--check']);
if (!process.argv.includes('--no-tests')) {
  const { passed, failed, skipped, code } = runTests('unit');
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(code);
}
