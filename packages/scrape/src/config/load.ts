import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigError } from '@prunella/metrics/config';
import { parsePrometheusConfig, parseScrapeConfigFile, type PrometheusConfig } from './prometheus.ts';

/** Reads prometheus.yml and the files that its `scrape_config_files` names. @throws ConfigError */
export async function loadPrometheusConfig(file: string): Promise<PrometheusConfig> {
  const config = parsePrometheusConfig(await read(file), file);
  const jobs = [...config.scrape_configs];
  for (const pattern of config.scrape_config_files) {
    for (const found of await expandPattern(resolve(config.directory, pattern)))
      jobs.push(...parseScrapeConfigFile(await read(found), found, config));
  }
  const twice = jobs.find(({ job_name }, i) => jobs.findIndex((other) => other.job_name === job_name) !== i);
  if (twice)
    throw new ConfigError([
      {
        file,
        line: 0,
        column: 0,
        message: `more than one scrape config has the job name ${JSON.stringify(twice.job_name)}`,
      },
    ]);
  return { ...config, scrape_configs: jobs };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigError([
      { file, line: 0, column: 0, message: code === 'ENOENT' ? 'no such file' : message },
    ]);
  }
}

/** The files that a path with `*` and `?` in its last part stands for, sorted. A plain path stands for itself. */
export async function expandPattern(pattern: string): Promise<string[]> {
  const name = basename(pattern);
  if (!/[*?[]/.test(name)) return [pattern];
  const expression = new RegExp(
    `^${name
      .replace(/[.+^${}()|\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')}$`,
  );
  const names = await readdir(dirname(pattern)).catch(() => []);
  return names
    .filter((each) => expression.test(each))
    .sort()
    .map((each) => join(dirname(pattern), each));
}
