import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ExpositionError,
  readExposition,
  writeText,
  familyOf,
  METRIC_NAME,
  type Exposition as Parsed,
  type Metric,
  type MetricFamily,
  type Metadata,
} from '@prunella/metrics';
import type { Collector } from './collector.ts';
import { Exposition } from './exposition.ts';

const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Metrics that a cron job or a script of your own has left in `*.prom` files of a folder, as node_exporter's textfile
 * collector takes them. Write to another name and rename: a half-written file is an error.
 */
export class TextfileCollector implements Collector {
  readonly name = 'textfile';
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async collect(): Promise<string> {
    const own = new Exposition();
    const pages: Parsed[] = [];
    let failed = 0;
    const files = await readdir(this.#folder).catch(() => {
      failed = 1;
      return [];
    });
    for (const file of files.filter((name) => name.endsWith('.prom')).sort()) {
      const path = join(this.#folder, file);
      try {
        const { mtimeMs, size } = await stat(path);
        if (size > MAX_BYTES) throw new ExpositionError(`the file is larger than ${MAX_BYTES} bytes`);
        pages.push(parse(await readFile(path)));
        own.gauge('node_textfile_mtime_seconds', 'When the file was changed, as unix time.', mtimeMs / 1000, {
          file: path,
        });
      } catch {
        failed = 1;
      }
    }
    own.gauge('node_textfile_scrape_error', '1 when a file could not be read.', failed);
    return writeText(mergeFamilies(pages)) + own.toString();
  }
}

function parse(body: Buffer): Parsed {
  const page = readExposition(body, 'text');
  // A time of its own would stand still when the writer stops, and look alive.
  if (page.samples.some(({ timestamp }) => timestamp !== undefined))
    throw new ExpositionError('a sample has a time of its own');
  return page;
}

/** The families of several pages, each once, as the format wants it. */
export function mergeFamilies(pages: readonly Parsed[]): MetricFamily[] {
  const families = new Map<string, { metadata: Metadata | undefined; metrics: Metric[] }>();
  for (const { samples, metadata } of pages) {
    for (const { labels, value } of samples) {
      const name = familyOf(labels, metadata);
      let family = families.get(name);
      if (!family) families.set(name, (family = { metadata: metadata.get(name), metrics: [] }));
      const suffix = labels.get(METRIC_NAME).slice(name.length) as '_sum' | '';
      family.metrics.push({
        labels: labels.withoutName().toObject(),
        value,
        ...(suffix !== '' && { suffix }),
      });
    }
  }
  return [...families].map(([name, { metadata, metrics }]) => ({
    name,
    type: metadata?.type ?? 'unknown',
    ...(metadata && metadata.help !== '' && { help: metadata.help }),
    metrics,
  }));
}
