import type { Alertmanager } from '@prunella/alertmanager';
import type { FastifyInstance } from 'fastify';
import { limitRequests, type LimitOptions } from './limit.ts';
import { prunellaAlertRoutes } from './prunella.ts';
import { v2Routes } from './v2.ts';

export interface AlertmanagerParts {
  readonly alertmanager: Alertmanager;
  /** How much may be read at once. */
  readonly limits?: LimitOptions;
}

/** Alertmanager's API under `/api/v2`, and ours for what it does not know. */
export function alertmanagerRoutes(
  app: FastifyInstance,
  { alertmanager, limits = {} }: AlertmanagerParts,
): void {
  void app.register(
    async (scope) => {
      limitRequests(scope, limits);
      v2Routes(scope, alertmanager);
    },
    { prefix: '/api/v2' },
  );
  prunellaAlertRoutes(app, alertmanager);
}
