/** The `workloads` section of prunella.yml. */
import { duration } from '@prunella/metrics/config';
import * as v from 'valibot';

const name = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'a name consists of letters, digits, dots, dashes and underscores'),
);

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGKILL'] as const;

const text = v.pipe(v.union([v.string(), v.number(), v.boolean()]), v.transform(String));

export interface HealthConfig {
  /** Answers 2xx while the process is well. `${VAR}` and `{replica}` are filled in. */
  readonly url: string;
  /** ms */
  readonly interval: number;
  /** ms */
  readonly timeout: number;
}

export interface ProcessConfig {
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd?: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly env_file?: string | undefined;
  /** When given, replicas are numbered from the first on (`worker-1`); otherwise the only one has the plain name. */
  readonly replicas?: number | undefined;
  readonly health?: HealthConfig | undefined;
  readonly ports: readonly (number | string)[];
  readonly stop_signal: NodeJS.Signals;
  /** ms until SIGKILL */
  readonly stop_timeout: number;
  readonly restart: 'always' | 'on-failure' | 'never';
  /** Services that must run, and be healthy where they can say so, before this one is started. */
  readonly after: readonly string[];
}

export interface DockerConfig {
  readonly socket?: string | undefined;
  /** `http://127.0.0.1:2375`, for a socket proxy with an allow-list; instead of `socket`. */
  readonly host?: string | undefined;
}

export interface WorkloadsConfig {
  readonly processes: readonly ProcessConfig[];
  readonly docker?: DockerConfig | undefined;
}

const healthSchema = v.strictObject({
  url: v.string(),
  interval: v.optional(duration, '2s'),
  timeout: v.optional(duration, '2s'),
});

export const processSchema: v.GenericSchema<unknown, ProcessConfig> = v.strictObject({
  name,
  command: v.pipe(v.array(v.string()), v.minLength(1, 'a command needs at least a program')),
  cwd: v.optional(v.string()),
  env: v.optional(v.record(v.string(), text), {}),
  env_file: v.optional(v.string()),
  replicas: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  health: v.optional(healthSchema),
  ports: v.optional(v.array(v.union([v.number(), v.string()])), []),
  stop_signal: v.optional(v.picklist(SIGNALS), 'SIGTERM'),
  stop_timeout: v.optional(duration, '10s'),
  restart: v.optional(v.picklist(['always', 'on-failure', 'never']), 'always'),
  after: v.optional(v.array(v.string()), []),
});

export const workloadsSchema: v.GenericSchema<unknown, WorkloadsConfig> = v.strictObject({
  processes: v.pipe(
    v.optional(v.array(processSchema), []),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      for (const message of crossProblems(dataset.value)) addIssue({ message });
    }),
  ),
  docker: v.optional(v.strictObject({ socket: v.optional(v.string()), host: v.optional(v.string()) })),
});

function crossProblems(processes: readonly ProcessConfig[]): string[] {
  const problems: string[] = [];
  const byName = new Map(processes.map((each) => [each.name, each]));
  if (byName.size < processes.length) problems.push('two processes have the same name');
  for (const each of processes) {
    const unknown = each.after.find((other) => !byName.has(other));
    if (unknown !== undefined) problems.push(`${each.name} waits for ${unknown}, which is not a process`);
    else if (waitsForItself(each, byName)) problems.push(`${each.name} waits for itself through "after"`);
  }
  return problems;
}

function waitsForItself(start: ProcessConfig, byName: ReadonlyMap<string, ProcessConfig>): boolean {
  const seen = new Set<string>();
  const queue = [...start.after];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (next === start.name) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    queue.push(...(byName.get(next)?.after ?? []));
  }
  return false;
}
