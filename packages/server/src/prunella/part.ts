/** One background part of the process, as `/api/prunella/status` shows it. */
export interface Part {
  readonly name: string;
  readonly state: 'starting' | 'running' | 'backoff' | 'stopped';
  /** ms */
  readonly since: number;
  readonly restarts: number;
  readonly lastError?: string;
}
