import multipart from '@fastify/multipart';
import type { FastifyInstance } from 'fastify';
import { Counter, type Registry } from 'prom-client';
import * as v from 'valibot';
import { check, queryNumber } from '../input.ts';
import { TooManyPending, type UserImports } from '../users/import.ts';
import { parseUpload, UploadError } from '../users/parse.ts';
import type { UserStore } from '../users/store.ts';

const MAX_FILE_BYTES = 16 * 1024 * 1024;
/** Up to so many users the answer waits until all are stored: about four seconds. */
const MAX_WAITED_FOR = 1000;

const listSchema = v.object({ limit: queryNumber(1, 100_000, 1000) });

export interface UserParts {
  readonly users: UserStore;
  readonly imports: UserImports;
  readonly registry: Registry;
}

export async function userRoutes(
  app: FastifyInstance,
  { users, imports, registry }: UserParts,
): Promise<void> {
  const uploads = new Counter({
    name: 'app_uploads_total',
    help: 'Files of users that were uploaded, by what became of them.',
    labelNames: ['result'],
    registers: [registry],
  });
  for (const result of ['accepted', 'refused']) uploads.inc({ result }, 0);

  await app.register(multipart, { limits: { fileSize: MAX_FILE_BYTES, files: 1, fields: 10 } });

  app.post('/upload', async (request, reply) => {
    try {
      const file = await request.file();
      if (!file) throw new UploadError('Send the file as a form: curl -F file=@users.txt');
      const parsed = await parseUpload(file.file);
      if (file.file.truncated) throw new UploadError(`The file is larger than ${MAX_FILE_BYTES} bytes`, 413);
      if (parsed.users.length === 0) throw new UploadError('The file has no users');
      const { id, done } = imports.begin(parsed.users);
      uploads.inc({ result: 'accepted' });
      const counts = { count: parsed.users.length, lines: parsed.lines, duplicates: parsed.duplicates };
      if (parsed.users.length > MAX_WAITED_FOR) {
        done.catch((error: unknown) => request.log.error(error)); // the status tells
        return await reply.code(202).send({ ...counts, import: `/uploads/${id}` });
      }
      await done;
      return await reply
        .code(201)
        .send({ ...counts, users: parsed.users.map(({ username }) => ({ username })) });
    } catch (error) {
      uploads.inc({ result: 'refused' });
      if (error instanceof UploadError) return reply.code(error.status).send({ error: error.message });
      if (error instanceof TooManyPending) return reply.code(503).send({ error: error.message });
      throw error;
    }
  });

  app.get<{ Params: { upload_id: string } }>('/uploads/:upload_id', async ({ params }, reply) => {
    return imports.status(Number(params.upload_id)) ?? reply.code(404).send({ error: 'No such upload' });
  });

  app.get('/users', async ({ query }) => {
    const names = await users.list(check(listSchema, query).limit);
    return names.map((username) => ({ username }));
  });
}
