// Builds every TypeScript project and the web pages, unless nothing has changed since the last build.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './tree.js';

const stamp = `${root}/node_modules/.prunella-built`;

export function build() {
  const sources = fingerprint();
  if (
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === sources &&
    existsSync(`${root}/packages/cli/dist/main.js`)
  )
    return;
  console.log('Prunella: building');
  run('the packages', `${root}/node_modules/typescript/bin/tsc`, ['-b'], root);
  run(
    'the pages',
    `${root}/node_modules/vite/bin/vite.js`,
    ['build', '--logLevel', 'warn'],
    `${root}/packages/ui`,
  );
  writeFileSync(stamp, sources);
}

function run(what, command, args, cwd) {
  const started = performance.now();
  const result = spawnSync(process.execPath, [command, ...args], { cwd, stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
  console.log(`  built ${what} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

/** Changes when any file that the build reads is added, removed or written. */
function fingerprint() {
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', 'tsconfig.base.json', 'tsconfig.json'])
    hash.update(readFileSync(join(root, file)));
  for (const folder of ['packages', 'apps']) addTree(hash, join(root, folder));
  return hash.digest('hex');
}

function addTree(hash, folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    if (entry.name === 'dist' || entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) addTree(hash, path);
    else if (!/\.test\.tsx?$/.test(entry.name)) {
      const { size, mtimeMs } = statSync(path);
      hash.update(`${path}\0${size}\0${mtimeMs}\n`);
    }
  }
}

if (process.argv[1] === import.meta.filename) build();
