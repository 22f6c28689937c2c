import { watch, type FSWatcher } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseConfig } from '@prunella/metrics/config';
import { listOf, staticConfig, type FileDiscoveryConfig } from '../config/discovery.ts';
import { expandPattern } from '../config/load.ts';
import type { DiscoveryMetrics } from '../metrics.ts';
import type { DiscoveryListener } from './discovery.ts';
import { RefreshingDiscovery, type RefreshOptions } from './refresh.ts';
import { groupTargets } from './static.ts';

const groups = listOf(staticConfig);

/** Files with target groups, as `[{"targets": ["host:port"], "labels": {…}}]` in JSON or YAML. */
export class FileDiscovery extends RefreshingDiscovery {
  readonly #patterns: readonly string[];
  readonly #metrics: DiscoveryMetrics;
  readonly #watchers = new Map<string, FSWatcher>();
  /** Per file, how many groups it had. */
  #groups = new Map<string, number>();

  constructor(
    config: FileDiscoveryConfig,
    directory: string,
    options: Omit<RefreshOptions, 'interval'>,
    metrics: DiscoveryMetrics,
  ) {
    super({ ...options, interval: config.refresh_interval });
    this.#patterns = config.files.map((file) => resolve(directory, file));
    this.#metrics = metrics;
  }

  override async stop(): Promise<void> {
    await super.stop();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  protected async refresh(listener: DiscoveryListener): Promise<void> {
    for (const folder of new Set(this.#patterns.map((pattern) => dirname(pattern)))) this.#watch(folder);
    const files = (await Promise.all(this.#patterns.map(expandPattern))).flat();
    const found = new Map<string, number>();
    for (const file of files) {
      const count = await this.#read(file, listener);
      if (count !== undefined) found.set(file, count);
    }
    for (const [file, count] of this.#groups) {
      for (let i = found.get(file) ?? 0; i < count; i++) listener({ source: `${file}:${i}`, targets: [] });
    }
    this.#groups = found;
  }

  /** @returns how many groups the file has; undefined where there is no such file */
  async #read(file: string, listener: DiscoveryListener): Promise<number | undefined> {
    try {
      const parsed = parseConfig(await readFile(file, 'utf8'), file, groups);
      for (const [i, group] of parsed.entries())
        listener({ source: `${file}:${i}`, targets: groupTargets(group, { __meta_filepath: file }) });
      return parsed.length;
    } catch (error) {
      this.#metrics.fileReadErrors.inc();
      this.logger.warn({ file, error: (error as Error).message }, 'reading a file of targets failed');
      // A file that is gone has no targets; one that is broken keeps those that it had.
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : this.#groups.get(file);
    }
  }

  /** The folder, not the file: editors put a new file in the place of the old one. */
  #watch(folder: string): void {
    if (this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, () => this.lookNow());
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(folder);
      });
      this.#watchers.set(folder, watcher);
    } catch {
      // The folder may come later: the interval still looks.
    }
  }
}
