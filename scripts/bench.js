// npm run bench -- NAME: runs bench/NAME/*.bench.js|ts of the built packages, beside the peers whose binaries are on the PATH.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import './node-version.js';
import { build } from './build.js';
import { install } from './install.js';
import { root } from './tree.js';

const [name, ...args] = process.argv.slice(2);
const names = readdirSync(`${root}/bench`).filter((each) => existsSync(`${root}/bench/${each}/main.js`));
if (!name || !names.includes(name)) {
  console.error(`usage: npm run bench -- NAME [ARGS], NAME one of: ${names.join(', ')}`);
  process.exit(2);
}
install();
build();
const { status } = spawnSync(process.execPath, ['--expose-gc', `${root}/bench/${name}/main.js`, ...args], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
