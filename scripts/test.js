// npm test: installs, builds, and runs every test. The last line is "N passed, N failed, N skipped".
import './node-version.js';
import { build } from './build.js';
import { install } from './install.js';
import { runTests } from './vitest.js';

install();
build();
const args = process.argv.slice(2);
const results = ['unit', 'system'].map((project) => runTests(project, args));
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
process.exit(results.some((result) => result.code !== 0) || sum('failed') > 0 ? 1 : 0);
