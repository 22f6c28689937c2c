export type { QueueConfig, RemoteReadConfig, RemoteWriteConfig } from './config.ts';
export {
  decodeWriteRequest,
  encodeWriteRequest,
  type RemoteSample,
  type RemoteSeries,
  type WriteRequest,
} from './messages.ts';
export { RemoteReader, type RemoteReaderParts } from './read-client.ts';
export { answerRead, decodeReadRequest, encodeReadRequest, type ReadQuery } from './read.ts';
export { receiveWrite, type ReceiveOptions, type ReceiveResult } from './receive.ts';
export { RemoteWrite, type RemoteWriteOptions } from './remote-write.ts';
export { compress, RemoteError, uncompress } from './snappy.ts';
