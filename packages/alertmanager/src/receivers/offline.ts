import { silentLogger, type Clock, type Logger } from '@prunella/metrics';
import type { Configuration } from '../config/load.ts';
import { loadTemplates } from '../template/load.ts';
import { buildReceivers, HttpClients } from './build.ts';
import { memoryRecords } from '../store.ts';
import { PostedStore } from './posted.ts';
import { tryReceiver, type TrialOptions, type TrialResult } from './trial.ts';

export interface OfflineOptions extends TrialOptions {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly externalUrl: string;
  readonly logger?: Logger;
}

/**
 * Sends a marked test message through one receiver of a configuration that is not running.
 * @returns undefined where it has no such receiver. @throws ConfigError for bad templates
 */
export async function tryReceivers(
  configuration: Configuration,
  name: string,
  { clock, env, externalUrl, logger = silentLogger, resolve = false }: OfflineOptions,
): Promise<TrialResult[] | undefined> {
  const templates = await loadTemplates(configuration, () => clock.now());
  const clients = new HttpClients(configuration, env);
  try {
    const receivers = buildReceivers(configuration, {
      global: configuration.global,
      clock,
      logger,
      templates,
      secrets: { directory: configuration.directory, env },
      http: clients.open,
      // Nobody keeps an inbox while nothing runs.
      inbox: { add: () => Promise.resolve() },
      posted: new PostedStore({ clock, records: memoryRecords(), retention: 0 }),
      externalUrl,
    });
    const receiver = receivers.get(name);
    return receiver && (await tryReceiver(receiver, clock, { resolve }));
  } finally {
    clients.close();
  }
}
