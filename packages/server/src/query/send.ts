import { Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { Pacer } from '@prunella/metrics';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Shorter answers gain nothing. */
const COMPRESS_FROM = 1400;
const PIECE = 64 * 1024;

/** Sends JSON piece by piece, compressed if the client takes that. */
export function sendPieces(
  request: FastifyRequest,
  reply: FastifyReply,
  pieces: Iterable<string>,
): FastifyReply {
  reply.header('content-type', 'application/json').header('vary', 'accept-encoding');
  const gathered = gather(pieces);
  const first = gathered.next().value as Buffer;
  const second = gathered.next();
  if (second.done && first.length < COMPRESS_FROM) return reply.send(first);
  const stream = Readable.from(paced([first, ...(second.done ? [] : [second.value])], gathered), {
    objectMode: false,
  });
  const encoding = chooseEncoding(String(request.headers['accept-encoding'] ?? ''));
  const compress = COMPRESSORS.get(encoding ?? '');
  if (!compress) return reply.send(stream);
  return reply.header('content-encoding', encoding).send(stream.pipe(compress()));
}

/** Node.js has zstd from 22.15 on. */
const createZstd = (zlib as { createZstdCompress?: () => Transform }).createZstdCompress;

/** How bytes are compressed, in order of preference. */
const COMPRESSORS: ReadonlyMap<string, () => Transform> = new Map([
  ...(createZstd ? ([['zstd', () => createZstd()]] as const) : []),
  ['gzip', () => zlib.createGzip({ level: 1 })],
]);

/** The encoding that an Accept-Encoding header likes best (RFC 9110, 12.5.3) of those that there are. */
export function chooseEncoding(
  header: string,
  offered: Iterable<string> = COMPRESSORS.keys(),
): string | undefined {
  const wanted = new Map<string, number>();
  for (const item of header.toLowerCase().split(',')) {
    const [name = '', ...params] = item.split(';').map((part) => part.trim());
    const quality = params.find((param) => param.startsWith('q='))?.slice(2);
    wanted.set(name, quality === undefined ? 1 : Number(quality) || 0);
  }
  const qualityOf = (name: string): number => wanted.get(name) ?? wanted.get('*') ?? 0;
  // Sent as it is, unless something is liked as much.
  const plain = wanted.get('identity') ?? 0;
  let best: string | undefined;
  for (const name of offered)
    if (qualityOf(name) > (best === undefined ? 0 : qualityOf(best)) && qualityOf(name) >= plain) best = name;
  return best;
}

/** Joins small pieces, as bytes: most answers are one. */
function* gather(pieces: Iterable<string>): Generator<Buffer, void> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < PIECE) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}

/** Pieces with pauses in between: a client that reads fast would leave nobody else a turn. */
async function* paced(first: readonly Buffer[], rest: Iterable<Buffer>): AsyncGenerator<Buffer> {
  const pacer = new Pacer();
  yield* first;
  for (const piece of rest) {
    yield piece;
    const pause = pacer.pause();
    if (pause) await pause;
  }
}
