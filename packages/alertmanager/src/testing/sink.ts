/** For tests: an HTTP server on loopback that writes down what it gets. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SinkRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: unknown;
}

export interface Sink {
  readonly url: string;
  readonly requests: SinkRequest[];
  /** Replace it to answer something else than 200. */
  answer: (response: ServerResponse, request: SinkRequest) => void;
  readonly close: () => void;
}

export async function openSink(): Promise<Sink> {
  const requests: SinkRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const { method = '', url: path = '', headers } = request;
      const isJson = /^\s*[[{]/.test(body);
      const seen = { method, path, headers, body, json: isJson ? (JSON.parse(body) as unknown) : undefined };
      requests.push(seen);
      sink.answer(response, seen);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sink: Sink = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer: (response) => response.end(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return sink;
}
