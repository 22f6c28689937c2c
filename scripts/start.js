// npm start: installs, builds, and runs the demo; the first two only when something has changed.
import './node-version.js';
import { build } from './build.js';
import { install } from './install.js';

install();
build();
const { main } = await import('../packages/cli/dist/main.js');
await main(['demo', ...process.argv.slice(2)]);
