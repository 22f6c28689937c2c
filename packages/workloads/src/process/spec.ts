import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { HealthConfig, ProcessConfig } from '../config.ts';
import { fill, parseEnvFile, type Environment } from '../placeholder.ts';

/** Everything needed to start one replica; all placeholders are filled in. */
export interface ReplicaSpec {
  readonly name: string;
  readonly service: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly health?: HealthConfig;
  readonly ports: readonly number[];
  readonly stopSignal: NodeJS.Signals;
  readonly stopTimeout: number;
  readonly restart: ProcessConfig['restart'];
  readonly after: readonly string[];
}

export function replicaName(config: ProcessConfig, replica: number): string {
  return config.replicas === undefined && replica === 1 ? config.name : `${config.name}-${replica}`;
}

/**
 * @param base the directory that relative paths start from: where the configuration file is
 * @param env our own environment: what a process inherits and `${VAR}` is filled in from
 * @throws Error for a variable that is not set and an `env_file` that cannot be read
 */
export function replicaSpec(
  config: ProcessConfig,
  replica: number,
  base: string,
  env: Environment,
): ReplicaSpec {
  const fromFile =
    config.env_file === undefined
      ? {}
      : parseEnvFile(readFileSync(resolve(base, fill(config.env_file, env, replica)), 'utf8'));
  const known: Environment = { ...env, ...fromFile };
  const filled = (text: string): string => fill(text, known, replica);
  const own = Object.fromEntries(Object.entries(config.env).map(([key, value]) => [key, filled(value)]));
  const all = { ...known, ...own, REPLICA: String(replica) };
  const [command, ...args] = config.command.map(filled) as [string, ...string[]];
  return {
    name: replicaName(config, replica),
    service: config.name,
    command,
    args,
    cwd: resolve(base, filled(config.cwd ?? '.')),
    env: Object.fromEntries(
      Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    ...(config.health && { health: { ...config.health, url: filled(config.health.url) } }),
    ports: config.ports.map((port) => portNumber(filled(String(port)))),
    stopSignal: config.stop_signal,
    stopTimeout: config.stop_timeout,
    restart: config.restart,
    after: config.after,
  };
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`not a port: ${JSON.stringify(text)}`);
  return port;
}
