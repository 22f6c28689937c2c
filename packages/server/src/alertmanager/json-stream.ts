import { Readable } from 'node:stream';
import { Pacer } from '@prunella/metrics';

/** About so many UTF-16 units are sent at once. */
const PIECE = 64 * 1024;

/** Sends the JSON that these texts make up bit by bit: nothing holds all of it, and others have their turn. */
export function jsonStream(texts: Iterable<string>): Readable {
  return Readable.from(pieces(texts), { objectMode: false });
}

async function* pieces(texts: Iterable<string>): AsyncGenerator<Buffer> {
  const pacer = new Pacer();
  let piece = '';
  for (const text of texts) {
    piece += text;
    const pause = pacer.pause();
    if (pause) await pause;
    if (piece.length < PIECE) continue;
    yield Buffer.from(piece);
    piece = '';
  }
  if (piece !== '') yield Buffer.from(piece);
}
