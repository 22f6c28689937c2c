import {
  SilenceError,
  timePeriodConfig,
  type AlertEvent,
  type Alertmanager,
  type NotificationRecord,
  type RecurringSilence,
  type SilenceMatcher,
} from '@prunella/alertmanager';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as v from 'valibot';

const limit = v.optional(
  v.pipe(v.string(), v.transform(Number), v.integer(), v.minValue(0), v.maxValue(1000)),
  '100',
);
const optionalText = v.optional(v.string());
const inboxQuery = v.object({ limit });
const historyQuery = v.object({
  limit,
  receiver: optionalText,
  outcome: v.optional(v.picklist(['delivered', 'failed'])),
  fingerprint: optionalText,
  before: v.optional(v.pipe(v.string(), v.transform(Number), v.integer())),
});
const alertHistoryQuery = v.object({
  limit,
  fingerprint: optionalText,
  before: v.optional(v.pipe(v.string(), v.transform(Number), v.integer())),
});
const testBody = v.strictObject({ resolve: v.optional(v.boolean(), false) });
const acknowledgeBody = v.strictObject({
  by: v.pipe(v.string(), v.nonEmpty()),
  comment: v.optional(v.string(), ''),
});
const matcher: v.GenericSchema<unknown, SilenceMatcher> = v.strictObject({
  name: v.string(),
  value: v.string(),
  isRegex: v.boolean(),
  isEqual: v.optional(v.boolean(), true),
});
const recurringBody: v.GenericSchema<unknown, Omit<RecurringSilence, 'id'>> = v.strictObject({
  matchers: v.array(matcher),
  intervals: v.array(timePeriodConfig),
  createdBy: v.string(),
  comment: v.string(),
});

/** What Alertmanager has no API for; the shapes are in docs/api.md. */
export function prunellaAlertRoutes(app: FastifyInstance, alertmanager: Alertmanager): void {
  app.get('/api/prunella/inbox', (request) => {
    const { limit: most } = read(inboxQuery, request.query);
    return { messages: alertmanager.inbox.newest(most) };
  });
  app.get('/api/prunella/notifications', (request) => {
    const query = read(historyQuery, request.query);
    return { notifications: alertmanager.history.find(query).map(toApi) };
  });
  app.get('/api/prunella/alerts/history', (request) => {
    const query = read(alertHistoryQuery, request.query);
    return { events: alertmanager.alertHistory.find(query).map(eventToApi) };
  });
  receiverRoutes(app, alertmanager);
  acknowledgeRoutes(app, alertmanager);
  recurringRoutes(app, alertmanager);
}

function receiverRoutes(app: FastifyInstance, alertmanager: Alertmanager): void {
  app.get('/api/prunella/receivers', () =>
    Array.from(alertmanager.receivers.values(), (receiver) => ({
      name: receiver.name,
      fallback: receiver.fallback,
      integrations: receiver.integrations.map((each) => ({
        name: `${each.name}[${each.index}]`,
        sendResolved: each.sendResolved,
      })),
      last: alertmanager.history.find({ limit: 1, receiver: receiver.name }).map(toApi)[0],
    })),
  );
  app.post('/api/prunella/receivers/:name/test', async (request, reply) => {
    const { resolve } = read(testBody, request.body ?? {});
    const results = await alertmanager.testReceiver(param(request, 'name'), { resolve });
    return results ? { results } : notFound(reply, 'there is no such receiver');
  });
}

function acknowledgeRoutes(app: FastifyInstance, alertmanager: Alertmanager): void {
  const path = '/api/prunella/alerts/:fingerprint/acknowledge';
  app.get(path, (request, reply) => {
    const found = alertmanager.acknowledgement(param(request, 'fingerprint'));
    if (!found) return notFound(reply, 'nobody has acknowledged this alert');
    return { by: found.by, comment: found.comment, time: new Date(found.time).toISOString() };
  });
  app.post(path, async (request, reply) => {
    const { by, comment } = read(acknowledgeBody, request.body);
    const done = await alertmanager.acknowledge(param(request, 'fingerprint'), by, comment);
    return done ? {} : notFound(reply, 'no such alert fires');
  });
  app.delete(path, async (request) => {
    await alertmanager.unacknowledge(param(request, 'fingerprint'));
    return {};
  });
}

function recurringRoutes(app: FastifyInstance, alertmanager: Alertmanager): void {
  const path = '/api/prunella/recurring-silences';
  app.get(path, () => ({ recurringSilences: alertmanager.recurringSilences.all() }));
  app.post(path, async (request) => {
    const body = read(recurringBody, request.body);
    try {
      return await alertmanager.recurringSilences.add(body);
    } catch (error) {
      throw error instanceof SilenceError ? new BadRequest(error.message) : error;
    }
  });
  app.delete(`${path}/:id`, async (request, reply) =>
    (await alertmanager.recurringSilences.remove(param(request, 'id')))
      ? {}
      : notFound(reply, 'there is no such recurring silence'),
  );
}

function toApi(record: NotificationRecord): object {
  const attempts = record.attempts.map((each) => ({ ...each, time: new Date(each.time).toISOString() }));
  return { ...record, id: String(record.id), time: new Date(record.time).toISOString(), attempts };
}

function eventToApi(event: AlertEvent): object {
  const time = new Date(event.time).toISOString();
  return { ...event, id: String(event.id), time, startsAt: new Date(event.startsAt).toISOString() };
}

function param(request: FastifyRequest, name: string): string {
  return (request.params as Record<string, string>)[name] ?? '';
}

class BadRequest extends Error {
  readonly statusCode = 400;
  readonly code = 'bad_request';
}

/** @throws BadRequest */
function read<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = issue.path?.map((item) => String(item.key)).join('.') ?? '';
  throw new BadRequest(path === '' ? issue.message : `${path}: ${issue.message}`);
}

function notFound(reply: FastifyReply, error: string): FastifyReply {
  return reply.code(404).send({ error, code: 'not_found' });
}
