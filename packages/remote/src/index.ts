export type { QueueConfig, RemoteReadConfig, RemoteWriteConfig } from './config.ts';
export { encodeWriteRequest2 } from './encode2.ts';
export {
  decodeWriteRequest,
  encodeWriteRequest,
  type RemoteSample,
  type RemoteSeries,
  type WriteMessage,
  type WriteRequest,
} from './messages.ts';
export { RemoteReader, type RemoteReaderParts } from './read-client.ts';
export { answerRead, decodeReadRequest, encodeReadRequest, type ReadQuery } from './read.ts';
export { WriteReceiver, type ReceiverOptions } from './receive.ts';
export { RemoteWrite, type RemoteWriteOptions } from './remote-write.ts';
export type { SeriesCacheOptions } from './series-cache.ts';
export { compress, RemoteError, uncompress } from './snappy.ts';
export type { ReceiveResult } from './store.ts';
