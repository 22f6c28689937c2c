import { join, resolve } from 'node:path';
import type { Command } from '../command.ts';
import { parseServeFlags, serveFlagsHelp } from '../serve/flags.ts';
import { checkoutRoot } from '../serve/checkout.ts';
import { runPrunella } from '../serve/run.ts';

/** What differs from `serve` where nothing is said. The terminal belongs to the welcome, not to the log. */
const DEMO_DEFAULTS = ['--log.level=warn'];

export const command: Command = {
  name: 'demo',
  summary: 'the same, plus a watched shop: its API, worker, database and a trickle of traffic',
  help: `Needs nothing but Node.js. Everything listens on the loopback interface only. Ctrl-C stops all of it.

The flags are those of serve; --prunella.config defaults to the one in config/, --log.level to warn.

${serveFlagsHelp}`,
  run: async (args, io) => {
    const root = checkoutRoot();
    const values = parseServeFlags([...DEMO_DEFAULTS, ...args]);
    const data = resolve(
      values['storage.tsdb.path'] === 'data/' ? join(root, 'data') : values['storage.tsdb.path'],
    );
    const config = values['prunella.config'] ?? join(root, 'config/prunella.yml');
    const shop = `http://127.0.0.1:${io.env.PORT ?? '8000'}`;
    return runPrunella(
      { ...values, 'prunella.config': config, 'storage.tsdb.path': data },
      { ...io, env: shopEnvironment(io.env, root, data) },
      {
        demo: { tryIt: tryIt(shop) },
        started: (url) => io.out(welcome(url, shop)),
      },
    );
  },
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the shop's processes find their database, unless DATABASE_URL says that there is one already. */
function shopEnvironment(env: Environment, root: string, data: string): Environment {
  const directory = env.SHOP_DATABASE_DIR ?? join(data, 'shop-database');
  const address = env.DATABASE_URL === undefined ? { DATABASE_URL_FILE: join(directory, 'url') } : {};
  return { PRUNELLA_ROOT: root, ...env, ...address, SHOP_DATABASE_DIR: directory };
}

function tryIt(shop: string): { title: string; command: string }[] {
  return [
    { title: 'Make the shop slow', command: `curl -X POST '${shop}/fault/latency?ms=600&seconds=600'` },
    { title: 'Kill its worker', command: 'kill -9 $(pgrep -f shop/dist/worker)' },
    { title: 'Make requests fail', command: `curl -X POST '${shop}/fault/errors?rate=0.5&seconds=600'` },
  ];
}

function welcome(url: string, shop: string): string {
  const commands = tryIt(shop).map(({ title, command }) => `  ${title}:\n    ${command}`);
  return [
    '',
    `  Prunella   ${url}`,
    `  the shop   ${shop}`,
    '',
    '  Try, and watch the Overview page:',
    '',
    ...commands,
    '',
    '  Ctrl-C stops everything.',
    '',
  ].join('\n');
}
