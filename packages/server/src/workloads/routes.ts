import { WorkloadError, type Workloads, type WorkloadUse } from '@prunella/workloads';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as v from 'valibot';

export interface WorkloadsParts {
  readonly workloads: Workloads;
}

const MOST_LINES = 10_000;
const MOST_REPLICAS = 100;

const scaleBody = v.strictObject({
  replicas: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MOST_REPLICAS)),
});

const STATUS = { not_found: 404, unsupported: 400, engine: 502 } as const;

interface Named {
  Params: { name: string };
}

/** `/api/prunella/workloads`, as docs/api.md says. */
export function workloadsRoutes(app: FastifyInstance, { workloads }: WorkloadsParts): void {
  app.get('/api/prunella/workloads', async () => (await workloads.listWithUse()).map(toJson));

  app.get<Named & { Querystring: { tail?: string } }>(
    '/api/prunella/workloads/:name/logs',
    (request, reply) =>
      answer(reply, async () => {
        const tail = tailOf(request.query.tail);
        if (tail === undefined) return refuse(reply, `tail must be a number from 1 to ${MOST_LINES}`);
        const lines = await workloads.logs(request.params.name, tail);
        return { lines: lines.map((line) => ({ ...line, time: rfc3339(line.time) })) };
      }),
  );

  for (const verb of ['start', 'stop', 'restart'] as const) {
    app.post<Named>(`/api/prunella/workloads/:name/${verb}`, (request, reply) =>
      answer(reply, async () => {
        await workloads[verb](request.params.name);
        return {};
      }),
    );
  }

  app.post<Named>('/api/prunella/workloads/:name/scale', (request: FastifyRequest<Named>, reply) =>
    answer(reply, async () => {
      const body = v.safeParse(scaleBody, request.body);
      if (!body.success) return refuse(reply, `the body must be {"replicas": 0..${MOST_REPLICAS}}`);
      await workloads.scale(request.params.name, body.output.replicas);
      return {};
    }),
  );
}

async function answer(reply: FastifyReply, action: () => Promise<unknown>): Promise<unknown> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof WorkloadError)) throw error;
    return reply.code(STATUS[error.code]).send({ error: error.message, code: error.code });
  }
}

function refuse(reply: FastifyReply, error: string): FastifyReply {
  return reply.code(400).send({ error, code: 'bad_request' });
}

function tailOf(text = '200'): number | undefined {
  const tail = Number(text);
  return Number.isInteger(tail) && tail >= 1 && tail <= MOST_LINES ? tail : undefined;
}

/** docs/api.md's `Workload`. */
function toJson(workload: WorkloadUse): Record<string, unknown> {
  const { id: _, healthy: __, startedAt, exit, ...rest } = workload;
  return {
    ...rest,
    ...(startedAt !== undefined && { startedAt: rfc3339(startedAt) }),
    ...(exit && {
      exit: { time: rfc3339(exit.time), code: exit.code, signal: exit.signal, expected: exit.expected },
    }),
  };
}

function rfc3339(time: number): string {
  return new Date(time).toISOString();
}
