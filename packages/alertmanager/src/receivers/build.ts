import { createHttpClient, type HttpClient, type HttpClientConfig } from '@prunella/metrics/http';
import type { Configuration, IntegrationDefinition } from '../config/load.ts';
import type { Integration, Receiver } from '../notify/integration.ts';
import { CONCURRENT_DELIVERIES, Turns } from '../notify/turns.ts';
import type { PostedStore } from './posted.ts';
import type { ReceiverParts } from './receiver.ts';
import { createDeliver } from './redact.ts';

/** Opens a client for a `http_config`; `close()` closes all of them. */
export class HttpClients {
  readonly #configuration: Configuration;
  readonly #env: ReceiverParts['secrets']['env'];
  readonly #clients: HttpClient[] = [];

  constructor(configuration: Configuration, env: ReceiverParts['secrets']['env']) {
    this.#configuration = configuration;
    this.#env = env;
  }

  readonly open = (config?: HttpClientConfig): HttpClient => {
    const { directory, global } = this.#configuration;
    const client = createHttpClient(config ?? global.http_config, {
      directory,
      env: this.#env,
      maxFreeSockets: CONCURRENT_DELIVERIES,
    });
    this.#clients.push(client);
    return client;
  };

  close(): void {
    for (const client of this.#clients) client.close();
  }
}

/** What all receivers are built from; each integration knows only the messages it posted itself. */
export type BuildParts = Omit<ReceiverParts, 'posted'> & { readonly posted: Pick<PostedStore, 'of'> };

/**
 * The receivers of a configuration, by name. An integration whose environment variable is not set is left out with a
 * line in the log, so that one configuration serves with and without credentials.
 */
export function buildReceivers(configuration: Configuration, parts: BuildParts): Map<string, Receiver> {
  return new Map(
    configuration.receivers.map(({ name, labels, fallback, integrations }) => {
      const enabled = integrations.filter((each) => isEnabled(name, each, parts));
      const built = enabled.map(({ kind, index, sendResolved, config }): Integration => {
        const key = `${name}/${kind.name}/${index}`;
        const deliver = createDeliver(kind, config, { ...parts, posted: parts.posted.of(key) });
        const turns = new Turns(CONCURRENT_DELIVERIES);
        return { receiver: name, name: kind.name, index, sendResolved, deliver, turns, key };
      });
      return [name, { name, labels, fallback, integrations: built }];
    }),
  );
}

function isEnabled(
  receiver: string,
  { kind, index, config }: IntegrationDefinition,
  parts: BuildParts,
): boolean {
  const variable = unsetVariable(config, parts.secrets.env);
  if (variable === undefined) return true;
  const fields = { receiver, integration: `${kind.name}[${index}]`, variable };
  parts.logger.warn(fields, 'A receiver is disabled: its environment variable is not set');
  return false;
}

/** A variable that a `*_env` key names and the environment lacks. */
function unsetVariable(config: unknown, env: ReceiverParts['secrets']['env']): string | undefined {
  for (const [key, value] of Object.entries(config as object)) {
    if (key.endsWith('_env') && typeof value === 'string' && !env[value]) return value;
  }
  return undefined;
}
