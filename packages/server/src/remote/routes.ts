/** `POST /api/v1/write` (remote write 1.0) and `POST /api/v1/read` (remote read). */
import type { Appendable, Logger, Queryable } from '@prunella/metrics';
import { answerRead, receiveWrite, RemoteError } from '@prunella/remote';
import type { FastifyInstance, FastifyReply } from 'fastify';

export interface RemoteParts {
  /** undefined = remote write is not accepted (`--web.enable-remote-write-receiver`). */
  readonly receiver: Appendable | undefined;
  readonly storage: Queryable;
  readonly logger: Logger;
}

/** Compressed. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

export function remoteRoutes(app: FastifyInstance, { receiver, storage, logger }: RemoteParts): void {
  app.addContentTypeParser(
    'application/x-protobuf',
    { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
    (_, body, done) => done(null, body),
  );

  app.post('/api/v1/write', { bodyLimit: MAX_BODY_BYTES }, async (request, reply) => {
    if (!receiver) {
      const message = 'remote write receiver needs to be enabled with --web.enable-remote-write-receiver';
      return plain(reply, 404, message);
    }
    const kind = String(request.headers['content-type'] ?? '');
    if (/proto=io\.prometheus\.write\.v2/.test(kind))
      return plain(reply, 415, 'only prometheus.WriteRequest (remote write 1.0) is supported');
    return answered(reply, async () => {
      const { stored, refused, reason } = await receiveWrite(receiver, request.body as Buffer);
      if (refused === 0) return reply.code(204).send();
      logger.warn({ stored, refused, reason }, 'remote write: some samples were refused');
      return plain(reply, 400, `${refused} samples were refused: ${reason}`);
    });
  });

  app.post('/api/v1/read', { bodyLimit: MAX_BODY_BYTES }, async (request, reply) =>
    answered(reply, async () => {
      const body = await answerRead(storage, request.body as Buffer);
      return reply
        .type('application/x-protobuf')
        .header('Content-Encoding', 'snappy')
        .send(Buffer.from(body));
    }),
  );
}

/** A request that can never succeed must not come again: 4xx. Anything else becomes a 5xx above. */
async function answered(reply: FastifyReply, answer: () => Promise<FastifyReply>): Promise<FastifyReply> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof RemoteError) return plain(reply, 400, error.message);
    throw error;
  }
}

function plain(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(`${message}\n`);
}
