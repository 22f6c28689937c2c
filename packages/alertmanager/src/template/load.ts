import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigError } from '@prunella/metrics/config';
import type { Configuration } from '../config/load.ts';
import { TemplateSet } from './templates.ts';

/**
 * The templates of a configuration's files. A glob that finds nothing is no fault.
 * @param now ms. @throws ConfigError where a file cannot be read or parsed
 */
export async function loadTemplates(
  { templates, directory }: Pick<Configuration, 'templates' | 'directory'>,
  now: () => number,
): Promise<TemplateSet> {
  const set = new TemplateSet(now);
  for (const glob of templates) {
    for (const file of await find(resolve(directory, glob))) {
      try {
        set.add(basename(file), await readFile(file, 'utf8'));
      } catch (error) {
        throw new ConfigError([{ file, line: 0, column: 0, message: (error as Error).message }]);
      }
    }
  }
  return set;
}

/** Files by a pattern of `*`, `?` and `[…]` in any part of the path, sorted. */
async function find(pattern: string): Promise<string[]> {
  const parent = dirname(pattern);
  const folders = /[*?[]/.test(parent) ? await find(parent) : [parent];
  const test = wildcard(basename(pattern));
  const found = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(folder).catch(() => []);
      return names.filter((name) => test.test(name)).map((name) => join(folder, name));
    }),
  );
  return found.flat().sort();
}

function wildcard(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}
