/** What can be watched and mended, and the port that every kind of it implements. Times are ms since the epoch. */

export type WorkloadKind = 'process' | 'container';

export type WorkloadState = 'running' | 'starting' | 'restarting' | 'stopped' | 'failed';

/** How a workload ended last. */
export interface WorkloadExit {
  readonly time: number;
  /** null: it was ended by `signal`. */
  readonly code: number | null;
  /** null: it ended by itself, with `code`. Docker knows no signals: 137 is 128 + SIGKILL. */
  readonly signal: string | null;
  /** Whether somebody asked for it through Prunella. */
  readonly expected: boolean;
  /** Why it could not even be started, e.g. that the program does not exist. */
  readonly error?: string;
}

export interface Workload {
  /** Unique. Replicas of one service are `worker-1`, `worker-2`. */
  readonly name: string;
  /** What runbooks name. */
  readonly service: string;
  readonly kind: WorkloadKind;
  readonly state: WorkloadState;
  readonly pid?: number;
  /** The container's own id, for kind `container`. */
  readonly id?: string;
  readonly image?: string;
  readonly startedAt?: number;
  readonly exit?: WorkloadExit;
  /** How often it was started again since Prunella started. */
  readonly restarts: number;
  readonly ports: readonly number[];
  readonly healthUrl?: string;
  /** What its health check said last; undefined without a check or before its first answer. */
  readonly healthy?: boolean;
}

/** A workload with what it uses at the moment. */
export interface WorkloadUse extends Workload {
  /** Of one core, over the time since the reading before (at least a second). */
  readonly cpuPercent?: number;
  /** The working set. */
  readonly memoryBytes?: number;
  readonly memoryLimitBytes?: number;
}

/** Counters count since the workload started and fall back to zero when it is started again. */
export interface WorkloadStats {
  readonly time: number;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly memoryRssBytes: number;
  /** What cannot be reclaimed without swapping: of processes the proportional set size. */
  readonly memoryWorkingSetBytes: number;
  readonly memoryLimitBytes?: number;
  readonly processes: number;
  readonly threads: number;
  readonly fds?: number;
  readonly ioReadBytes: number;
  readonly ioWriteBytes: number;
  readonly networkReceiveBytes?: number;
  readonly networkTransmitBytes?: number;
}

export interface LogLine {
  readonly time: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface WorkloadEvent {
  /** `exited` carries `workload.exit`; `health` follows a change of `workload.healthy`. */
  readonly type: 'started' | 'exited' | 'health' | 'added' | 'removed';
  readonly time: number;
  readonly workload: Workload;
}

export type WorkloadListener = (event: WorkloadEvent) => void;

/** One kind of workload: the supervised processes, or a Docker engine. Names are exact here. */
export interface WorkloadSource {
  list(): Promise<Workload[]>;
  /** @returns undefined for what does not run */
  stats(name: string): Promise<WorkloadStats | undefined>;
  /** The last `tail` lines, oldest first. */
  logs(name: string, tail: number): Promise<LogLine[]>;
  /** Resolves once it has been started; whether it is healthy shows in `list`. */
  start(name: string): Promise<void>;
  /** Resolves once nothing of it runs any more. */
  stop(name: string): Promise<void>;
  restart(name: string): Promise<void>;
  /** Brings a service to this many replicas. The first ones stay untouched. */
  scale(service: string, replicas: number): Promise<void>;
  onEvent(listener: WorkloadListener): () => void;
}

export type WorkloadErrorCode = 'not_found' | 'unsupported' | 'engine';

export class WorkloadError extends Error {
  override name = 'WorkloadError';
  readonly code: WorkloadErrorCode;
  constructor(code: WorkloadErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
