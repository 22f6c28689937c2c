import { Labels } from '@prunella/metrics';
import type { StaticConfig } from '../config/discovery.ts';
import type { Discovery, DiscoveryListener } from './discovery.ts';

/** The targets of `static_configs`. */
export class StaticDiscovery implements Discovery {
  readonly #configs: readonly StaticConfig[];

  constructor(configs: readonly StaticConfig[]) {
    this.#configs = configs;
  }

  async start(listener: DiscoveryListener): Promise<void> {
    for (const [i, config] of this.#configs.entries())
      listener({ source: String(i), targets: groupTargets(config) });
  }

  async stop(): Promise<void> {}
}

/** The labels of each target of a group, as discovery knows them; `meta` is what it knows about where it found them. */
export function groupTargets(
  { targets, labels }: StaticConfig,
  meta: Readonly<Record<string, string>> = {},
): Labels[] {
  return targets.map((address) => Labels.from({ ...labels, ...meta, __address__: address }));
}
