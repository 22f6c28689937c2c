export { Database } from './database.ts';
export type { DatabaseOptions } from './options.ts';
export { CorruptionError, LockedError } from './errors.ts';
