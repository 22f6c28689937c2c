import { spawn } from 'node:child_process';
import { readExposition, writeText, type Clock, type Exposition as Page } from '@prunella/metrics';
import type { Collector } from './collector.ts';
import { Exposition } from './exposition.ts';
import { mergeFamilies } from './textfile.ts';

export interface ExecTarget {
  readonly name: string;
  /** Program and arguments: no shell in between. */
  readonly command: readonly [string, ...string[]];
  /** ms @default 10000 */
  readonly timeout?: number | undefined;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

const MAX_BYTES = 4 * 1024 * 1024;

/** Metrics that a program of yours prints, in text 0.0.4. What it prints counts whole or not at all. */
export class ExecCollector implements Collector {
  readonly name = 'exec';
  readonly #targets: readonly ExecTarget[];
  readonly #clock: Clock;

  constructor(targets: readonly ExecTarget[], clock: Clock) {
    this.#targets = targets;
    this.#clock = clock;
  }

  async collect(): Promise<string> {
    const own = new Exposition();
    const pages = await Promise.all(
      this.#targets.map(async (target) => {
        const started = performance.now();
        const page = await run(target, this.#clock).catch(() => undefined);
        const labels = { command: target.name };
        own.gauge(
          'prunella_exec_success',
          '1 when the program printed metrics and ended well.',
          page ? 1 : 0,
          labels,
        );
        own.gauge(
          'prunella_exec_duration_seconds',
          'How long the program ran.',
          (performance.now() - started) / 1000,
          labels,
        );
        return page ?? [];
      }),
    );
    return writeText(mergeFamilies(pages.flat())) + own.toString();
  }
}

/** @throws Error where the program fails, hangs, prints too much or no metrics */
async function run(target: ExecTarget, clock: Clock): Promise<Page> {
  const [program, ...args] = target.command;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...target.env },
    detached: true,
  });
  // The whole group: a script's own children must not outlive it.
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  };
  const timer = clock.setTimeout(kill, target.timeout ?? 10_000);
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_BYTES) kill();
    else chunks.push(chunk);
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new Error(`${target.name} ended with code ${code}`);
  } finally {
    timer.cancel();
  }
  return readExposition(Buffer.concat(chunks), 'text');
}
