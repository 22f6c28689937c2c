/** `POST /api/v1/write` (remote write 1.0 and 2.0) and `POST /api/v1/read` (remote read). */
import type { Appendable, Logger, Queryable } from '@prunella/metrics';
import { answerRead, RemoteError, WriteReceiver, type ReceiveResult } from '@prunella/remote';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { messageOf } from './message.ts';

export interface RemoteParts {
  /** undefined = remote write is not accepted (`--web.enable-remote-write-receiver`). */
  readonly receiver: Appendable | undefined;
  readonly storage: Queryable;
  readonly logger: Logger;
}

/** Compressed. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

export function remoteRoutes(app: FastifyInstance, { receiver, storage, logger }: RemoteParts): void {
  // What the content type says is judged below, so that the answer is that of the standard.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_, body, done) =>
    done(null, body),
  );
  const writes = receiver && new WriteReceiver(receiver);

  app.post('/api/v1/write', { bodyLimit: MAX_BODY_BYTES }, async (request, reply) => {
    if (!writes) {
      const message = 'remote write receiver needs to be enabled with --web.enable-remote-write-receiver';
      return plain(reply, 404, message);
    }
    const message = messageOf(request.headers);
    if ('refusal' in message) return plain(reply, 415, message.refusal);
    return answered(reply, async () => {
      const result = await writes.receive(bodyOf(request.body), message.name);
      if (message.name !== 'prometheus.WriteRequest') tellWritten(reply, result);
      const { refused, reason, failure, ...stored } = result;
      if (failure) throw failure;
      if (refused === 0) return reply.code(204).send();
      logger.warn({ ...stored, refused, reason }, 'remote write: some samples were refused');
      return plain(reply, 400, `${refused} samples were refused: ${reason}`);
    });
  });

  app.post('/api/v1/read', { bodyLimit: MAX_BODY_BYTES }, async (request, reply) =>
    answered(reply, async () => {
      const body = await answerRead(storage, bodyOf(request.body));
      return reply
        .type('application/x-protobuf')
        .header('Content-Encoding', 'snappy')
        .send(Buffer.from(body));
    }),
  );
}

/** Version 2 wants to know exactly what was stored, whatever the answer. */
function tellWritten(reply: FastifyReply, { samples, histograms, exemplars }: ReceiveResult): void {
  reply.header('X-Prometheus-Remote-Write-Samples-Written', String(samples));
  reply.header('X-Prometheus-Remote-Write-Histograms-Written', String(histograms));
  reply.header('X-Prometheus-Remote-Write-Exemplars-Written', String(exemplars));
}

/** A request may come without any. */
function bodyOf(body: unknown): Uint8Array {
  return body instanceof Uint8Array ? body : new Uint8Array(0);
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
