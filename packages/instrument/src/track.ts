import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FinishedRequest } from './families.ts';

/** What nginx writes when the client went away before there was an answer; the protocol has no code for it. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * Watches one exchange and reports it exactly once, when the answer is out or the connection is gone.
 * @param endpoint asked at the end, because routers decide on the way
 */
export function track(
  req: IncomingMessage,
  res: ServerResponse,
  endpoint: () => string,
  report: (request: FinishedRequest) => void,
): void {
  const start = performance.now();
  const received = countReceived(req);
  const sent = countSent(req, res);
  let reported = false;
  const finish = (): void => {
    if (reported) return;
    reported = true;
    report({
      method: req.method ?? 'GET',
      endpoint: endpoint(),
      status: res.headersSent ? res.statusCode : CLIENT_CLOSED_REQUEST,
      seconds: (performance.now() - start) / 1000,
      requestBytes: received(),
      responseBytes: sent(),
    });
  };
  res.once('finish', finish);
  res.once('close', finish);
}

/** The length is declared, except for chunked bodies: those are counted as the parser pushes them, without reading them. */
function countReceived(req: IncomingMessage): () => number {
  const declared = req.headers['content-length'];
  if (declared !== undefined) return () => Number(declared);
  if (req.headers['transfer-encoding'] === undefined) return () => 0;
  let bytes = 0;
  const push = req.push.bind(req);
  req.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    bytes += byteLength(chunk, encoding);
    return push(chunk, encoding);
  };
  return () => bytes;
}

/** Counted at `write` and `end`: node only declares a length for bodies that it is given whole. */
function countSent(req: IncomingMessage, res: ServerResponse): () => number {
  if (req.method === 'HEAD') return () => 0;
  let bytes = 0;
  const write = res.write.bind(res) as (...args: unknown[]) => boolean;
  const end = res.end.bind(res) as (...args: unknown[]) => ServerResponse;
  let ending = false; // end(chunk) may call write(chunk): counted once
  res.write = ((...args: unknown[]): boolean => {
    if (!ending) bytes += byteLength(args[0], args[1]);
    return write(...args);
  }) as ServerResponse['write'];
  res.end = ((...args: unknown[]): ServerResponse => {
    if (!ending) bytes += byteLength(args[0], args[1]);
    ending = true;
    return end(...args);
  }) as ServerResponse['end'];
  return () => bytes;
}

function byteLength(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string')
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}
