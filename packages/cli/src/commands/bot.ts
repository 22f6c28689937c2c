import { once } from 'node:events';
import { Bot } from '../bot/bot.ts';
import { botFlagsHelp, parseBotFlags } from '../bot/flags.ts';
import type { Command } from '../command.ts';
import { createLogger } from '../logging.ts';

export const command: Command = {
  name: 'bot',
  summary: 'healing and message receivers only, fed by an existing Alertmanager',
  help: `Takes Alertmanager's webhooks at POST /alert, or at POST /hooks/RECEIVER to have a receiver of alertmanager.yml told
as well, and does what healing.yml says about them. In the other Alertmanager's alertmanager.yml:

  receivers:
    - name: bot
      webhook_configs: [{url: 'http://127.0.0.1:5001/alert'}]

${botFlagsHelp}`,
  async run(args, io) {
    const values = parseBotFlags(args);
    const format = values['log.format'] === 'json' ? 'json' : 'logfmt';
    const logger = createLogger(values['log.level'], format, io.err);
    const quit = new AbortController();
    let bot: Bot;
    try {
      bot = await Bot.start(values, io.env, logger, () => quit.abort());
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw error;
      io.err(
        `prunella bot: cannot listen on ${values['web.listen-address']}: ${code === 'EADDRINUSE' ? 'the port is in use' : code}`,
      );
      return 1;
    }
    io.out(`Prunella's bot takes alerts at ${bot.url}/alert`);
    // Timers do not keep a process alive, and neither must the bot end because nothing else happens.
    const alive = setInterval(() => {}, 1 << 30);
    const stop = AbortSignal.any([io.signal, quit.signal]);
    if (!stop.aborted) await once(stop, 'abort');
    clearInterval(alive);
    await bot.stop();
    return 0;
  },
};
