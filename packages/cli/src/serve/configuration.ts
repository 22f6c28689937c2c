import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import * as v from 'valibot';
import type { ExecTarget } from '@prunella/collectors';
import { ConfigError, duration, parseConfig } from '@prunella/metrics/config';
import { workloadsSchema, type WorkloadsConfig } from '@prunella/workloads';

/** A database server to watch; the connection string stands in one of three places. */
export interface DatabaseEntry {
  readonly name: string;
  readonly dsn?: string | undefined;
  readonly dsn_env?: string | undefined;
  readonly dsn_file?: string | undefined;
}

/** prunella.yml, its paths made absolute. */
export interface PrunellaConfig {
  readonly prometheus?: string | undefined;
  readonly alertmanager?: string | undefined;
  readonly healing?: string | undefined;
  readonly probes?: string | undefined;
  readonly dashboards: readonly string[];
  readonly collectors: {
    readonly node?: object | undefined;
    readonly containers?: object | undefined;
    readonly textfile?: { readonly directory: string } | undefined;
    readonly exec: readonly ExecTarget[];
    readonly postgres: readonly DatabaseEntry[];
    readonly mongodb: readonly DatabaseEntry[];
  };
  readonly workloads?: WorkloadsConfig | undefined;
}

const database = v.pipe(
  v.strictObject({
    name: v.string(),
    dsn: v.optional(v.string()),
    dsn_env: v.optional(v.string()),
    dsn_file: v.optional(v.string()),
  }),
  v.check(
    ({ dsn, dsn_env, dsn_file }) =>
      [dsn, dsn_env, dsn_file].filter((each) => each !== undefined).length === 1,
    'give exactly one of dsn, dsn_env and dsn_file',
  ),
);

/** A program whose output is an exposition. */
const exec: v.GenericSchema<unknown, ExecTarget> = v.strictObject({
  name: v.string(),
  command: v.tupleWithRest([v.string()], v.string()),
  timeout: v.optional(duration),
  env: v.optional(v.record(v.string(), v.string())),
});

/** prunella.yml: names the other files and holds what no other format has. Every key is optional. */
const schema = v.strictObject({
  prometheus: v.optional(v.string()),
  alertmanager: v.optional(v.string()),
  healing: v.optional(v.string()),
  probes: v.optional(v.string()),
  dashboards: v.optional(v.array(v.string()), []),
  collectors: v.optional(
    v.strictObject({
      node: v.optional(v.strictObject({})),
      containers: v.optional(v.strictObject({})),
      textfile: v.optional(v.strictObject({ directory: v.string() })),
      exec: v.optional(v.array(exec), []),
      postgres: v.optional(v.array(database), []),
      mongodb: v.optional(v.array(database), []),
    }),
    { exec: [], postgres: [], mongodb: [] },
  ),
  workloads: v.optional(workloadsSchema),
});

/** @throws ConfigError */
export function parsePrunellaConfig(text: string, file: string): PrunellaConfig {
  const config = parseConfig(text, file, schema);
  const beside = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(dirname(file), path);
  return {
    ...config,
    prometheus: beside(config.prometheus),
    alertmanager: beside(config.alertmanager),
    healing: beside(config.healing),
    probes: beside(config.probes),
    dashboards: config.dashboards.map((path) => resolve(dirname(file), path)),
    collectors: {
      ...config.collectors,
      ...(config.collectors.textfile && {
        textfile: { directory: resolve(dirname(file), config.collectors.textfile.directory) },
      }),
    },
  };
}

/** Reads a configuration file; that it is missing is said like any other problem with it. @throws ConfigError */
export async function readConfigFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'is a folder, not a file' : message;
    throw new ConfigError([{ file, line: 0, column: 0, message: reason }]);
  }
}
