/** Snappy's block format, which remote write and read wrap their messages in. */
import snappy from 'snappyjs';

/** The body is not what it says it is; the sender must not try again. */
export class RemoteError extends Error {
  override name = 'RemoteError';
}

export function compress(message: Uint8Array): Uint8Array {
  return snappy.compress(message);
}

/** @throws RemoteError for damage, and for a message of more than `maxBytes` */
export function uncompress(body: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return snappy.uncompress(body, maxBytes);
  } catch (cause) {
    throw new RemoteError(`snappy: ${(cause as Error).message}`, { cause });
  }
}
