/** A sink for receivers of every kind: HTTP, and HTTPS behind a proxy. It writes down what it gets. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Delivered {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpSink {
  readonly url: string;
  readonly requests: Delivered[];
  answer: (request: Delivered, response: ServerResponse) => void;
  readonly close: () => void;
}

/**
 * Answers what `answer` says. It is a proxy, too: whatever is asked of it by CONNECT it takes for a request to itself,
 * over TLS, so that services at a fixed address can be told as well.
 */
export async function openHttpSink(): Promise<HttpSink> {
  const requests: Delivered[] = [];
  const listener = (request: import('node:http').IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const delivered = { method, path, headers, body: Buffer.concat(chunks).toString() };
      requests.push(delivered);
      sink.answer(delivered, response);
    });
  };
  const plain = createServer(listener);
  const secure = createSecureServer(selfSigned(), listener);
  plain.on('connect', (_, client) => {
    const upstream = connect((secure.address() as AddressInfo).port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
  });
  for (const server of [plain, secure])
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sink: HttpSink = {
    url: `http://127.0.0.1:${(plain.address() as AddressInfo).port}`,
    requests,
    answer: (_, response) => response.end('ok'),
    close: () => {
      for (const server of [plain, secure]) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
  return sink;
}

function selfSigned(): { key: string; cert: string } {
  const directory = mkdtempSync(join(tmpdir(), 'prunella-cert-'));
  try {
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const args = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
    ];
    spawnSync('openssl', [...args, '-subj', '/CN=sink', '-keyout', key, '-out', cert]);
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
