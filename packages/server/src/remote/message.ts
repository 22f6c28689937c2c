/** Which message a remote write request says that it carries, and whether it is one that we read. */
import type { IncomingHttpHeaders } from 'node:http';
import type { WriteMessage } from '@prunella/remote';

const MESSAGES: readonly WriteMessage[] = ['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'];

/**
 * As both versions of the standard negotiate: `Content-Type: application/x-protobuf;proto=…`, where the first version
 * needs no `proto`, and `Content-Encoding: snappy`. What is left out is taken for granted, as Prometheus does.
 */
export function messageOf(headers: IncomingHttpHeaders): { name: WriteMessage } | { refusal: string } {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== '' && encoding !== 'snappy')
    return { refusal: `${encoding} encoding (compression) is not accepted; only snappy is` };
  const [media = '', ...parameters] = (headers['content-type'] ?? '').split(';').map((part) => part.trim());
  if (media === '') return { name: 'prometheus.WriteRequest' };
  if (media.toLowerCase() !== 'application/x-protobuf')
    return { refusal: `expected application/x-protobuf, got ${media}` };
  const proto = parameters.find((each) => /^proto\s*=/i.test(each));
  if (proto === undefined) return { name: 'prometheus.WriteRequest' };
  const wanted = proto
    .slice(proto.indexOf('=') + 1)
    .trim()
    .replace(/^"(.*)"$/, '$1');
  const name = MESSAGES.find((each) => each === wanted);
  return name ? { name } : { refusal: `${wanted} is not accepted; only ${MESSAGES.join(' and ')} are` };
}
