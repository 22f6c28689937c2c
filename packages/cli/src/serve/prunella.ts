import { systemClock } from '@prunella/metrics';
import { parseWebConfig, Server } from '@prunella/server';
import { parseListenAddress } from '../flags.ts';
import { apply } from './apply.ts';
import { build, openDatabase, type ComponentOptions, type Components } from './components.ts';
import { readConfigFile } from './configuration.ts';
import type { ServeFlags } from './flags.ts';
import { loadAll, type Loaded } from './load.ts';
import { routesOf, type RouteOptions } from './routes.ts';

export interface PrunellaOptions
  extends Omit<ComponentOptions, 'externalUrl'>, Pick<RouteOptions, 'demo' | 'quit'> {
  /** The folder of the built pages. */
  readonly pages: string;
}

type Stop = () => Promise<void> | void;

/** The whole engine in one process. What is started is stopped in reverse order. */
export class Prunella {
  readonly #options: PrunellaOptions;
  readonly #listen: { readonly host: string; readonly port: number };
  readonly #startedAt = systemClock.now();
  readonly #stops: Stop[] = [];
  #loaded: Loaded;
  #components: Components | undefined;
  #lastReload: { ok: boolean; time: number };
  #ready = false;
  #url = '';

  private constructor(options: PrunellaOptions, loaded: Loaded) {
    this.#options = options;
    this.#loaded = loaded;
    this.#listen = parseListenAddress(options.flags['web.listen-address']);
    this.#lastReload = { ok: true, time: this.#startedAt };
  }

  /** @throws ConfigError, UsageError, LockedError, or the system's error where it cannot listen */
  static async start(options: PrunellaOptions): Promise<Prunella> {
    const prunella = new Prunella(options, await loadAll(options.flags, options.env));
    try {
      await prunella.#start();
      return prunella;
    } catch (error) {
      await prunella.stop();
      throw error;
    }
  }

  /** Where it answers. */
  get url(): string {
    return this.#url;
  }

  /** Resolves when nothing runs any more, what was supervised included, and everything is on disk. */
  async stop(): Promise<void> {
    this.#ready = false;
    for (const stop of this.#stops.toReversed()) {
      try {
        await stop();
      } catch (error) {
        this.#options.logger.error({ err: error }, 'something did not stop cleanly');
      }
    }
  }

  /** Reads all files again. A fault in any of them leaves everything as it was. @throws ConfigError */
  async reload(): Promise<void> {
    const { flags, env, logger } = this.#options;
    const components = this.#components;
    if (!components) return;
    try {
      const next = await loadAll(flags, env);
      await apply(components, next, this.#listen.port);
      this.#loaded = next;
      this.#lastReload = { ok: true, time: systemClock.now() };
      logger.info({}, 'configuration reloaded');
    } catch (error) {
      this.#lastReload = { ...this.#lastReload, ok: false };
      components.alertmanager.reloadFailed();
      logger.error({ error: (error as Error).message }, 'reload failed; the old configuration goes on');
      throw error;
    } finally {
      components.events.send('reload', { ok: this.#lastReload.ok });
    }
  }

  async #start(): Promise<void> {
    const { flags, logger } = this.#options;
    for (const warning of this.#loaded.warnings) logger.warn({}, warning);
    const database = await openDatabase(flags, this.#loaded, logger);
    this.#stops.push(() => database.close());
    const { host, port } = this.#listen;
    const externalUrl = flags['web.external-url'] ?? `http://${host}:${port}`;
    const components = await build({ ...this.#options, externalUrl }, this.#loaded, database);
    this.#components = components;
    // The port is taken before anything acts: whoever starts a second one by mistake gets one line and no second shop.
    const server = await this.#createServer(components);
    await server.listen();
    this.#url = server.url;
    this.#stops.push(
      () => server.close(),
      () => components.events.close(),
      () => components.parts.stop(),
    );
    await components.parts.start();
    await apply(components, this.#loaded, port);
    this.#ready = true;
  }

  async #createServer(components: Components): Promise<Server> {
    const { flags, logger, pages, version, quit, demo } = this.#options;
    const webConfig = flags['web.config.file'];
    const externalUrl = flags['web.external-url'];
    const routes = routesOf(components, {
      flags,
      logger,
      version,
      quit,
      startedAt: this.#startedAt,
      reload: () => this.reload(),
      ready: () => this.#ready,
      loaded: () => this.#loaded,
      lastReload: () => this.#lastReload,
      warnings: () => [
        ...warnings(this.#loaded, this.#listen.host, flags),
        ...components.alertmanager.problems(),
      ],
      ...(demo && { demo }),
    });
    const options = {
      ...this.#listen,
      logger,
      pages,
      registry: components.registry,
      ...(externalUrl !== undefined && { externalUrl: new URL(externalUrl) }),
      ...(webConfig !== undefined && {
        webConfig: parseWebConfig(await readConfigFile(webConfig), webConfig),
      }),
    };
    return Server.create(options, routes);
  }
}

/** What a person should know though nothing is broken. */
function warnings(loaded: Loaded, host: string, flags: ServeFlags): string[] {
  const open = host !== '127.0.0.1' && host !== '::1' && host !== 'localhost';
  const unguarded = `Listening on ${host} without a password: whoever reaches this port can change things. Set --web.config.file.`;
  return [...loaded.warnings, ...(open && flags['web.config.file'] === undefined ? [unguarded] : [])];
}
