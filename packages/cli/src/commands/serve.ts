import type { Command } from '../command.ts';
import { parseServeFlags, serveFlagsHelp } from '../serve/flags.ts';
import { runPrunella } from '../serve/run.ts';

export const command: Command = {
  name: 'serve',
  summary: 'the whole engine with your configuration',
  help: `Scrapes, stores, evaluates rules, routes alerts, heals, and serves the APIs and the pages.
docs/configuration.md says what the files hold. SIGHUP reads them again.

${serveFlagsHelp}`,
  run: async (args, io) =>
    runPrunella(parseServeFlags(args), io, {
      started: (url) => io.out(`Prunella answers at ${url}`),
    }),
};
