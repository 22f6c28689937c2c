import { spawn, type ChildProcess } from 'node:child_process';
import { sleep, type Clock, type Logger, type Timer } from '@prunella/metrics';
import type { Workload, WorkloadEvent, WorkloadExit, WorkloadState } from '../workload.ts';
import { HealthCheck, type Probe } from './health.ts';
import { isGroupAlive, killFamily, send } from './kill.ts';
import { LineSplitter, LogFile, LogRing } from './logs.ts';
import type { PidFiles } from './pidfile.ts';
import { familyOf, readProcessTable } from './proc.ts';
import type { ReplicaSpec } from './spec.ts';

/** ms. One that ran for `resetAfter` counts as good: its next restart waits no longer than the `first`. */
export interface Backoff {
  readonly first: number;
  readonly longest: number;
  readonly resetAfter: number;
}

export const DEFAULT_BACKOFF: Backoff = { first: 1000, longest: 30_000, resetAfter: 60_000 };

export interface ReplicaParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly probe: Probe;
  readonly pidFiles: PidFiles;
  readonly logFile: string;
  readonly backoff: Backoff;
  readonly emit: (event: WorkloadEvent) => void;
}

/**
 * One supervised process: started in a process group of its own, its output kept, started again when it ends without
 * having been asked to. Its standard input is a pipe that closes when we are gone, so that it can notice.
 */
export class Replica {
  readonly spec: ReplicaSpec;
  readonly ring: LogRing = new LogRing();
  readonly #parts: ReplicaParts;
  readonly #file: LogFile;
  #child: ChildProcess | undefined;
  #gone: Promise<void> = Promise.resolve();
  #drained: Promise<void> = Promise.resolve();
  #state: WorkloadState = 'stopped';
  #wanted = false;
  #startedAt: number | undefined;
  #exit: WorkloadExit | undefined;
  #spawns = 0;
  #failures = 0;
  #healthy: boolean | undefined;
  #health: HealthCheck | undefined;
  #pause: Timer | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(spec: ReplicaSpec, parts: ReplicaParts) {
    this.spec = spec;
    this.#parts = parts;
    this.#file = new LogFile(parts.logFile);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Up, and healthy where it can say so. */
  get ready(): boolean {
    return this.#state === 'running' && (this.spec.health === undefined || this.#healthy === true);
  }

  describe(): Workload {
    const { spec } = this;
    return {
      name: spec.name,
      service: spec.service,
      kind: 'process',
      state: this.#state,
      ...(this.pid !== undefined && { pid: this.pid }),
      ...(this.#startedAt !== undefined && { startedAt: this.#startedAt }),
      ...(this.#exit && { exit: this.#exit }),
      restarts: Math.max(0, this.#spawns - 1),
      ports: spec.ports,
      ...(spec.health && { healthUrl: spec.health.url }),
      ...(this.#healthy !== undefined && { healthy: this.#healthy }),
    };
  }

  /** Shown as `starting` although it still waits for what it comes after. */
  await(): void {
    if (!this.#child) this.#state = 'starting';
  }

  start(): Promise<void> {
    return this.#inTurn(() => this.#startNow());
  }

  stop(): Promise<void> {
    return this.#inTurn(() => this.#stopNow('stopped'));
  }

  restart(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#stopNow('restarting');
      this.#startNow();
    });
  }

  /** Stops for good and closes the log. */
  async close(): Promise<void> {
    await this.stop();
    // Its last words may still be on their way; a stranger that inherited the pipe may keep it open for ever.
    await Promise.race([this.#drained, sleep(this.#parts.clock, 500)]);
    await this.#file.close();
  }

  /** For the moment in which our own process ends without having stopped: there is no time to wait any more. */
  abandon(): void {
    if (this.pid !== undefined) send(-this.pid, this.spec.stopSignal);
  }

  /** One thing after the other: a stop during a restart comes after it. */
  #inTurn<T>(action: () => T | Promise<T>): Promise<T> {
    const result = this.#turn.then(action);
    this.#turn = result.catch(() => {});
    return result;
  }

  #startNow(): void {
    this.#wanted = true;
    this.#pause?.cancel();
    if (this.#child) return;
    this.#failures = 0;
    this.#spawn();
  }

  async #stopNow(state: WorkloadState): Promise<void> {
    this.#wanted = false;
    this.#pause?.cancel();
    this.#state = state;
    this.#endHealth();
    const pid = this.pid;
    if (pid === undefined) return;
    const { clock, logger } = this.#parts;
    const family = familyOf(pid, await readProcessTable());
    const late = new AbortController();
    send(-pid, this.spec.stopSignal);
    const timer = clock.setTimeout(() => {
      late.abort();
      logger.warn({ workload: this.spec.name, pid }, 'did not stop in time, killing it');
      killFamily(pid, family, 'SIGKILL');
    }, this.spec.stopTimeout);
    await this.#gone;
    // A shell ends before what it started does; that one gets its grace as well.
    while (!late.signal.aborted && (await isGroupAlive(pid))) await sleep(clock, 20, late.signal);
    timer.cancel();
  }

  #spawn(): void {
    const { spec } = this;
    const { clock } = this.#parts;
    const env = { ...spec.env, PRUNELLA_SUPERVISED: '1' };
    const options = { cwd: spec.cwd, env, detached: true, stdio: 'pipe' } as const;
    this.#spawns++;
    this.#startedAt = clock.now();
    this.#healthy = undefined;
    let child;
    try {
      child = spawn(spec.command, spec.args, options);
    } catch (error) {
      // An argument that no process can have, e.g. with a NUL byte.
      this.#ended(null, null, (error as Error).message);
      return;
    }
    this.#child = child;
    this.#state = spec.health || child.pid === undefined ? 'starting' : 'running';
    this.#drained = new Promise((resolve) => child.once('close', () => resolve()));
    this.#gone = new Promise((resolve) => {
      const ended = (code: number | null, signal: string | null, error?: string): void => {
        if (this.#child !== child) return;
        this.#ended(code, signal, error);
        resolve();
      };
      child.once('error', (error) => ended(null, null, error.message));
      child.once('exit', (code, signal) => ended(code, signal));
    });
    child.stdin.on('error', () => {});
    this.#capture(child);
    if (child.pid === undefined) return;
    this.#parts.pidFiles.write(spec.name, child.pid);
    this.#watchHealth();
    this.#emit('started');
  }

  #capture(child: ChildProcess): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const splitter = new LineSplitter();
      const keep = (text: string): void => {
        const line = { time: this.#parts.clock.now(), stream, text };
        this.ring.push(line);
        this.#file.write(line);
      };
      child[stream]?.on('data', (chunk: Uint8Array) => splitter.push(chunk).forEach(keep));
      child[stream]?.on('error', () => {});
      child[stream]?.on('close', () => splitter.flush().forEach(keep));
    }
  }

  #watchHealth(): void {
    const { health } = this.spec;
    if (!health) return;
    const { clock, probe } = this.#parts;
    const changed = (healthy: boolean): void => {
      this.#healthy = healthy;
      if (healthy && this.#state === 'starting') this.#state = 'running';
      this.#emit('health');
    };
    this.#health = new HealthCheck(health, { clock, probe, changed });
  }

  #endHealth(): void {
    this.#health?.stop();
    this.#health = undefined;
    this.#healthy = undefined;
  }

  #ended(code: number | null, signal: string | null, error?: string): void {
    const { clock, logger, pidFiles } = this.#parts;
    const pid = this.pid;
    const time = clock.now();
    // A job that is not to be restarted and ends well has done what it was started for.
    const expected = !this.#wanted || (this.spec.restart !== 'always' && code === 0);
    // Whatever of its group outlived a crash would hold its ports.
    if (pid !== undefined && !expected) send(-pid, 'SIGKILL');
    pidFiles.remove(this.spec.name);
    this.#endHealth();
    this.#child = undefined;
    this.#exit = { time, code, signal, expected, ...(error !== undefined && { error }) };
    if (!expected) logger.warn({ workload: this.spec.name, code, signal, error }, 'ended unexpectedly');
    if (this.#wanted) this.#planRestart(time, code);
    this.#emit('exited');
  }

  #planRestart(time: number, code: number | null): void {
    const { clock, backoff } = this.#parts;
    const { restart } = this.spec;
    if (restart === 'never' || (restart === 'on-failure' && code === 0)) {
      this.#wanted = false;
      this.#state = code === 0 ? 'stopped' : 'failed';
      return;
    }
    if (time - (this.#startedAt ?? time) >= backoff.resetAfter) this.#failures = 0;
    const delay = Math.min(backoff.longest, backoff.first * 2 ** this.#failures++);
    this.#state = 'restarting';
    this.#pause = clock.setTimeout(() => {
      if (this.#wanted && !this.#child) this.#spawn();
    }, delay);
  }

  #emit(type: WorkloadEvent['type']): void {
    this.#parts.emit({ type, time: this.#parts.clock.now(), workload: this.describe() });
  }
}
