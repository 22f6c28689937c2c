// A Prunella that supervises one process which neither listens to SIGTERM nor cares that its parent is gone; the test
// kills it. It runs the built package, since a child process of a test has no TypeScript.
import { Supervisor } from '../dist/index.js';

const dir = process.argv[2];
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const code = "process.on('SIGTERM', () => {}); process.stdout.on('error', () => {}); setInterval(() => {}, 1000)";
const supervisor = new Supervisor({ dir, base: dir, env: process.env, logger: silent });
await supervisor.open();
await supervisor.apply([
  {
    name: 'stubborn',
    command: [process.execPath, '-e', code],
    env: {},
    ports: [],
    stop_signal: 'SIGTERM',
    stop_timeout: 1000,
    restart: 'always',
    after: [],
  },
]);
setInterval(() => {}, 1000);
