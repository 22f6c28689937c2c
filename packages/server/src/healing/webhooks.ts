import { parseWebhook, WebhookError, type HealingAlert } from '@prunella/healing';
import { systemClock, type Clock } from '@prunella/metrics';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export interface WebhookParts {
  /** Takes what a webhook brought. `receiver` is undefined on `/alert`. */
  readonly alertsReceived: (alerts: readonly HealingAlert[], receiver?: string) => Promise<void>;
  readonly clock?: Clock;
}

const LONGEST_BODY = 1024 * 1024;

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
    // A browser names the page's origin; nothing else that posts alerts does.
    scope.addHook('onRequest', async (request, reply) => {
      const { origin, host } = request.headers;
      if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return;
      await reply.code(403).send({ error: 'alerts are not taken from another page', code: 'forbidden' });
    });
    const take = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
      try {
        const alerts = parseWebhook(parseJson(request.body), clock.now());
        await alertsReceived(alerts, (request.params as { receiver?: string }).receiver);
        return { accepted: alerts.length };
      } catch (error) {
        if (!(error instanceof WebhookError)) throw error;
        return reply.code(400).send({ error: error.message, code: 'bad_request' });
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
