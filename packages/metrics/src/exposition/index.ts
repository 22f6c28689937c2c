export * from './family.ts';
export * from './formats.ts';
export * from './parser.ts';
export { ProtobufParser, type ProtobufParserOptions } from './protobuf-parser.ts';
export { PROTOBUF_CONTENT_TYPE, writeProtobuf } from './protobuf-writer.ts';
export * from './read.ts';
export * from './series-table.ts';
export { parseSeriesText, TextParser } from './text-parser.ts';
export * from './text-writer.ts';
