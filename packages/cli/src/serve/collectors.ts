import {
  ContainersCollector,
  ExecCollector,
  MongodbCollector,
  NodeCollector,
  PostgresCollector,
  TextfileCollector,
  type Collector,
} from '@prunella/collectors';
import type { Clock } from '@prunella/metrics';
import type { InProcessTarget } from '@prunella/scrape';
import type { Workloads } from '@prunella/workloads';
import { connectionString } from './secret.ts';
import type { Loaded } from './load.ts';

/** A collector that hangs (a database, a script) must not hold its scrape for longer than this. */
const LONGEST_COLLECTION_MS = 4500;

interface Entry {
  readonly collector: Collector;
  /** The label `instance`; the own address where there is none. */
  readonly instance?: string;
}

/** The collectors that prunella.yml asks for. */
export class Collectors {
  readonly #workloads: Workloads;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #clock: Clock;
  #entries: readonly Entry[] = [];

  constructor(workloads: Workloads, env: Readonly<Record<string, string | undefined>>, clock: Clock) {
    this.#workloads = workloads;
    this.#env = env;
    this.#clock = clock;
  }

  async apply({ prunella: { collectors }, base }: Pick<Loaded, 'prunella' | 'base'>): Promise<void> {
    await this.close();
    const entries: Entry[] = [];
    if (collectors.node) entries.push({ collector: new NodeCollector() });
    if (collectors.containers)
      entries.push({ collector: new ContainersCollector(this.#workloads, this.#clock) });
    if (collectors.textfile)
      entries.push({ collector: new TextfileCollector(collectors.textfile.directory) });
    if (collectors.exec.length > 0)
      entries.push({ collector: new ExecCollector(collectors.exec, this.#clock) });
    for (const entry of collectors.postgres) {
      const dsn = (): string => connectionString(entry, base, this.#env);
      entries.push({ collector: new PostgresCollector({ name: entry.name, dsn }), instance: entry.name });
    }
    for (const entry of collectors.mongodb) {
      const dsn = (): string => connectionString(entry, base, this.#env);
      entries.push({ collector: new MongodbCollector({ name: entry.name, dsn }), instance: entry.name });
    }
    this.#entries = entries;
  }

  list(): readonly Collector[] {
    return this.#entries.map(({ collector }) => collector);
  }

  /** One job per collector, scraped in the process. */
  targets(instance: string, interval: number): InProcessTarget[] {
    return this.#entries.map(({ collector, instance: own = instance }) =>
      inProcessTarget(
        collector.name,
        own,
        interval,
        `http://${instance}/collectors/${collector.name}/metrics`,
        () => collector.collect(),
      ),
    );
  }

  async close(): Promise<void> {
    for (const { collector } of this.#entries)
      if (collector instanceof PostgresCollector || collector instanceof MongodbCollector)
        await collector.close();
  }
}

/** @param url where the same can be read from outside */
export function inProcessTarget(
  job: string,
  instance: string,
  interval: number,
  url: string,
  collect: () => Promise<string>,
): InProcessTarget {
  return {
    job,
    labels: { instance },
    interval,
    timeout: Math.min(interval, LONGEST_COLLECTION_MS),
    url,
    collect,
  };
}
