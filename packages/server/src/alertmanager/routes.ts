import type { Alertmanager } from '@prunella/alertmanager';
import type { FastifyInstance } from 'fastify';
import { prunellaAlertRoutes } from './prunella.ts';
import { v2Routes } from './v2.ts';

export interface AlertmanagerParts {
  readonly alertmanager: Alertmanager;
}

/** Alertmanager's API under `/api/v2`, and ours for what it does not know. */
export function alertmanagerRoutes(app: FastifyInstance, { alertmanager }: AlertmanagerParts): void {
  void app.register(async (scope) => v2Routes(scope, alertmanager), { prefix: '/api/v2' });
  prunellaAlertRoutes(app, alertmanager);
}
