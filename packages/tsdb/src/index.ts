export { Database } from './database.ts';
export type { DatabaseOptions } from './options.ts';
export { DatabaseReader } from './reader.ts';
export { createBlocks, type CreateOptions } from './create.ts';
export type { BlockAnalysis } from './analyze.ts';
export type { Cardinality, Count, DatabaseStats, ExemplarStats } from './stats.ts';
export type { BlockMeta, BlockStats } from './block/meta.ts';
export type { Damage } from './quarantine.ts';
export { CorruptionError, LockedError } from './errors.ts';
