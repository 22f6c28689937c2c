import type { Labels } from '@prunella/metrics';

/** Targets that one source has found: `__address__` and what is known about each. */
export interface TargetGroup {
  /** Which file, name or URL. A group replaces the one before it of the same source. */
  readonly source: string;
  readonly targets: readonly Labels[];
}

export type DiscoveryListener = (group: TargetGroup) => void;

/** Finds targets, and goes on looking. */
export interface Discovery {
  /** Resolves when it has looked once, whether it found anything or not. */
  start(listener: DiscoveryListener): Promise<void>;
  /** Resolves when nothing runs any more. */
  stop(): Promise<void>;
}
