import { parseWebhook, WebhookError, type HealingAlert } from '@prunella/healing';
import { systemClock, type Clock } from '@prunella/metrics';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export interface WebhookParts {
  /** Takes what a webhook brought. `receiver` is undefined on `/alert`. */
  readonly alertsReceived: (alerts: readonly HealingAlert[], receiver?: string) => Promise<void>;
  readonly clock?: Clock;
}

const LONGEST_BODY = 1024 * 1024;

/** What `alertsReceived` rejects with where nobody of that name can be told, or he could not be reached. */
export class ReceiverError extends Error {
  override name = 'ReceiverError';
  readonly code: 'not_found' | 'not_delivered';
  constructor(code: ReceiverError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * `POST /alert` and `POST /hooks/:receiver`: Alertmanager's webhook body, or as little of it as `{"alerts": […]}`. The
 * content type does not matter, because `curl -d` sends a form's.
 */
export function webhookRoutes(
  app: FastifyInstance,
  { alertsReceived, clock = systemClock }: WebhookParts,
): void {
  // A scope of its own: elsewhere a body that is not declared as JSON is refused.
  void app.register((scope, _, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit: LONGEST_BODY }, (_request, body, next) =>
      next(null, body),
    );
    const take = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
      try {
        const alerts = parseWebhook(parseJson(request.body), clock.now());
        await alertsReceived(alerts, (request.params as { receiver?: string }).receiver);
        return { accepted: alerts.length };
      } catch (error) {
        if (error instanceof WebhookError)
          return reply.code(400).send({ error: error.message, code: 'bad_request' });
        if (!(error instanceof ReceiverError)) throw error;
        // Alertmanager tries again after a 5xx.
        const status = error.code === 'not_found' ? 404 : 502;
        return reply.code(status).send({ error: error.message, code: error.code });
      }
    };
    scope.post('/alert', take);
    scope.post('/hooks/:receiver', take);
    done();
  });
}

function parseJson(body: unknown): unknown {
  try {
    return JSON.parse(String(body));
  } catch {
    throw new WebhookError('not an Alertmanager webhook body: not JSON');
  }
}
