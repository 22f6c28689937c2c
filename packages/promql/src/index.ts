export {
  Engine,
  type CacheStats,
  type EngineOptions,
  type QueryCost,
  type QueryOptions,
  type QueryResult,
  type QueryStats,
  type QueryValue,
  type VectorSample,
} from './engine.ts';
export { QueryError, type QueryErrorType } from './error.ts';
export { bucketsOf, printHistogram, type HistogramBucket } from './histogram/buckets.ts';
export * from './parser/index.ts';
export { MemoryStorage } from './testing/memory.ts';
export { runScript, scriptExpressions, type ScriptFailure, type ScriptReport } from './script/run.ts';
