import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';

/** How the process itself is. */
export interface Health {
  /** It cannot do its work: state cannot be written, say. */
  readonly ok: boolean;
  /** What does not work, a sentence each; people who are not told of alerts, for one. A restart would not help. */
  readonly problems: readonly string[];
}

export interface LifecycleParts {
  readonly ready: () => boolean;
  /** @default always well */
  readonly health?: () => Health;
  /** Rejects with what is wrong with the configuration; the old one then goes on. */
  readonly reload: () => Promise<void>;
  readonly quit: () => void;
  /** `--web.enable-lifecycle`: whether reload and quit may be asked for over HTTP. */
  readonly enabled: boolean;
  readonly registry: Registry;
}

/** Prometheus's management API and our own metrics. */
export function lifecycleRoutes(app: FastifyInstance, parts: LifecycleParts): void {
  app.get('/-/healthy', async (_request, reply) => {
    const { ok, problems } = parts.health?.() ?? { ok: true, problems: [] };
    const lines = [`Prunella is ${ok ? 'healthy' : 'not healthy'}.`, ...problems];
    return reply
      .code(ok ? 200 : 503)
      .type('text/plain')
      .send(lines.map((line) => `${line}\n`).join(''));
  });
  app.get('/-/ready', async (_request, reply) =>
    parts.ready()
      ? reply.type('text/plain').send('Prunella is ready.\n')
      : reply.code(503).type('text/plain').send('Prunella is starting.\n'),
  );
  for (const method of ['POST', 'PUT'] as const) {
    app.route({
      method,
      url: '/-/reload',
      handler: async (_request, reply) => {
        if (!parts.enabled)
          return reply
            .code(403)
            .type('text/plain')
            .send('Start with --web.enable-lifecycle to allow this.\n');
        try {
          await parts.reload();
          return await reply.code(200).send('');
        } catch (error) {
          return reply
            .code(500)
            .type('text/plain')
            .send(`failed to reload config: ${(error as Error).message}\n`);
        }
      },
    });
    app.route({
      method,
      url: '/-/quit',
      handler: async (_request, reply) => {
        if (!parts.enabled)
          return reply
            .code(403)
            .type('text/plain')
            .send('Start with --web.enable-lifecycle to allow this.\n');
        reply.raw.once('finish', () => parts.quit());
        return reply.type('text/plain').send('Requesting termination... Goodbye!\n');
      },
    });
  }
  app.get('/metrics', async (_request, reply) =>
    reply.type(parts.registry.contentType).send(await parts.registry.metrics()),
  );
}
