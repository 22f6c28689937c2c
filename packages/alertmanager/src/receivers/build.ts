import { createHttpClient, type HttpClient, type HttpClientConfig } from '@prunella/metrics/http';
import type { Configuration } from '../config/load.ts';
import type { Integration, Receiver } from '../notify/integration.ts';
import type { ReceiverParts } from './receiver.ts';

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
    const client = createHttpClient(config ?? global.http_config, { directory, env: this.#env });
    this.#clients.push(client);
    return client;
  };

  close(): void {
    for (const client of this.#clients) client.close();
  }
}

/** The receivers of a configuration, by name. */
export function buildReceivers(configuration: Configuration, parts: ReceiverParts): Map<string, Receiver> {
  return new Map(
    configuration.receivers.map(({ name, labels, fallback, integrations }) => {
      const built = integrations.map(({ kind, index, sendResolved, config }): Integration => ({
        receiver: name,
        name: kind.name,
        index,
        sendResolved,
        deliver: kind.create(config, parts),
        key: `${name}/${kind.name}/${index}`,
      }));
      return [name, { name, labels, fallback, integrations: built }];
    }),
  );
}
