import { DecisionError, type Healing } from '@prunella/healing';
import type { FastifyInstance, FastifyReply } from 'fastify';
import * as v from 'valibot';
import { incidentJson, runbookJson } from './json.ts';

export interface HealingParts {
  readonly healing: Healing;
}

const MOST_INCIDENTS = 1000;
const STATUS = { not_found: 404, conflict: 409 } as const;

const listQuery = v.object({
  state: v.optional(v.picklist(['open', 'closed'])),
  limit: v.optional(
    v.pipe(v.string(), v.regex(/^\d{1,4}$/), v.transform(Number), v.minValue(1), v.maxValue(MOST_INCIDENTS)),
  ),
});

const decisionBody = v.strictObject({
  by: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(100)),
  comment: v.optional(v.pipe(v.string(), v.maxLength(1000)), ''),
});

interface Identified {
  Params: { id: string };
}

/** `/api/prunella/incidents` and `/api/prunella/runbooks`, as docs/api.md says. */
export function healingRoutes(app: FastifyInstance, { healing }: HealingParts): void {
  app.get('/api/prunella/incidents', (request, reply) => {
    const query = v.safeParse(listQuery, request.query);
    if (!query.success) return refuse(reply, `expected state=open|closed and limit=1..${MOST_INCIDENTS}`);
    const { state, limit } = query.output;
    const incidents = healing.incidents({ ...(state && { state }), ...(limit !== undefined && { limit }) });
    return reply.send({ incidents: incidents.map((incident) => incidentJson(incident, false)) });
  });

  app.get<Identified>('/api/prunella/incidents/:id', (request, reply) => {
    const incident = healing.incident(request.params.id);
    if (incident) return reply.send(incidentJson(incident, true));
    return fail(reply, new DecisionError('not_found', 'there is no such incident'));
  });

  for (const verb of ['approve', 'reject'] as const) {
    app.post<Identified>(`/api/prunella/incidents/:id/${verb}`, async (request, reply) => {
      const body = v.safeParse(decisionBody, request.body);
      if (!body.success) return refuse(reply, 'the body must be {"by": "name", "comment": "…"}');
      const { by, comment } = body.output;
      try {
        return incidentJson(await healing[verb](request.params.id, by, comment), true);
      } catch (error) {
        if (error instanceof DecisionError) return fail(reply, error);
        throw error;
      }
    });
  }

  app.get('/api/prunella/runbooks', (_, reply) => reply.send(healing.runbooks().map(runbookJson)));
}

function refuse(reply: FastifyReply, error: string): FastifyReply {
  return reply.code(400).send({ error, code: 'bad_request' });
}

function fail(reply: FastifyReply, { message, code }: DecisionError): FastifyReply {
  return reply.code(STATUS[code]).send({ error: message, code });
}
