// Writes the table of flags into docs/configuration.md. A test fails when it is not what the code says.
import { readFileSync, writeFileSync } from 'node:fs';
import { serveFlags } from '../packages/cli/dist/serve/flags.js';
import { root } from './tree.js';

const file = `${root}/docs/configuration.md`;
const mark = '## Flags of `serve` and `demo`\n';
const text = readFileSync(file, 'utf8');
const rows = Object.entries(serveFlags).map(([name, flag]) => {
  const value = flag.default === undefined ? '' : `\`${flag.default}\``;
  return `| \`--${name}\` | ${value} | ${flag.help} |`;
});
const table = `${mark}\n| flag | default | meaning |\n|---|---|---|\n${rows.join('\n')}\n`;
const rest = text.slice(text.indexOf(mark) + mark.length);
const next = rest.search(/^## /m);
writeFileSync(file, text.slice(0, text.indexOf(mark)) + table + (next < 0 ? '' : `\n${rest.slice(next)}`));
