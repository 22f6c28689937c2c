// Installs the dependencies, unless node_modules already is what the lock file says.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { root } from './tree.js';

const stamp = `${root}/node_modules/.prunella-installed`;

export function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(`${root}/package-lock.json`))
    .update(process.version)
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  if (!existsSync(stamp) && installedByHand()) return writeFileSync(stamp, wanted);
  console.log('Prunella: installing the dependencies (once; about 300 packages)');
  const started = performance.now();
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm]] : ['npm', []];
  const result = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (result.status !== 0) {
    console.error('Prunella: npm ci failed; what it printed above says why');
    process.exit(result.status ?? 1);
  }
  writeFileSync(stamp, wanted);
  console.log(`  installed (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

/** Whoever has run `npm ci` need not wait for a second one. npm notes what it has installed in a lock file of its own. */
function installedByHand() {
  const installed = statSync(`${root}/node_modules/.package-lock.json`, { throwIfNoEntry: false });
  return installed !== undefined && installed.mtimeMs >= statSync(`${root}/package-lock.json`).mtimeMs;
}
