import type { FastifyInstance } from 'fastify';
import type { Part } from './part.ts';

export interface StatusParts {
  readonly version: string;
  /** ms */
  readonly startedAt: number;
  readonly demo: boolean;
  readonly ready: () => boolean;
  readonly parts: () => readonly Part[];
  readonly warnings: () => readonly string[];
  /** Commands that show something, for the demo's overview page. */
  readonly tryIt: readonly { readonly title: string; readonly command: string }[];
}

export function statusRoutes(app: FastifyInstance, parts: StatusParts): void {
  app.get('/api/prunella/status', () => ({
    version: parts.version,
    startedAt: new Date(parts.startedAt).toISOString(),
    ready: parts.ready(),
    demo: parts.demo,
    warnings: parts.warnings(),
    parts: parts.parts().map((part) => ({ ...part, since: new Date(part.since).toISOString() })),
    tryIt: parts.tryIt,
  }));
}
