// Builds every TypeScript project and the web pages, unless nothing has changed since the last build.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { root } from './tree.js';

function run(label, command, args, cwd = root) {
  const started = performance.now();
  const result = spawnSync(process.execPath, [command, ...args], { cwd, stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
  console.log(`  ${label} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

export function build() {
  run('compiled the packages', 'node_modules/typescript/bin/tsc', ['-b']);
  if (existsSync(`${root}/packages/ui/index.html`)) {
    run(
      'built the pages',
      `${root}/node_modules/vite/bin/vite.js`,
      ['build', '--logLevel', 'warn'],
      `${root}/packages/ui`,
    );
  }
}

if (process.argv[1] === import.meta.filename) build();
