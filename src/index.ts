/**
 * `bloscache`: a persistent memoization cache for functions whose results are numeric arrays.
 */
export type { Adapter } from "./adapters/kind.ts";
export type { MemoryOptions } from "./cache/cache.ts";
export type { MemoizeMethod } from "./cache/decorator.ts";
export { keySymbol } from "./cache/encode.ts";
export type { EntryInfo } from "./cache/entry-info.ts";
export type { CacheEvent, DuplicateReason, MissReason } from "./cache/events.ts";
export type { Difference, Explanation, ExplanationReason } from "./cache/explain.ts";
export type { Extended, Extending, SeriesPiece } from "./cache/extension.ts";
export { type CachedErrors, expiresAfter, type TimeSpan } from "./cache/freshness.ts";
export type {
  AnyGeneratorFunction,
  GeneratorOperations,
  GeneratorOptions,
  MemoizedGenerator,
} from "./cache/generator-operations.ts";
export type { StoredYields } from "./cache/generators.ts";
export type { IncrementalOptions } from "./cache/incremental.ts";
export type { EvictionOrder, LimitOptions, ReductionOptions } from "./cache/limits.ts";
export type { Memoize } from "./cache/memoize.ts";
export {
  Memory,
  type MemoryStats,
  memoize,
  type PlainMemoryOptions,
  type ResultChoice,
  registerAdapters,
} from "./cache/memory.ts";
export {
  type CallOptions,
  type MemoizedFunction,
  type Operations,
  operationsOf,
} from "./cache/operations.ts";
export type { Packing, PackingOption } from "./cache/packing.ts";
export { type StorableClass, storeSymbol } from "./cache/result-adapters.ts";
export type { SeriesArrays, SeriesDtype } from "./cache/series-items.ts";
export type {
  Incremental,
  LengthOptions,
  RangeOptions,
  SeriesInfo,
  SeriesStream,
  StreamOptions,
} from "./cache/series-operations.ts";
export { Shelved, type ShelvedToken } from "./cache/shelved.ts";
export type { FunctionStats } from "./cache/stats.ts";
export type { StoredArray } from "./cache/stored-arrays.ts";
export type { TagsOption } from "./cache/tags.ts";
export type { CacheUsage, VersionUsage } from "./cache/usage.ts";
export type { CacheReport, Finding, FindingKind, VerifyOptions } from "./cache/verify.ts";
export type { MemoizeOptions, ThisPolicy } from "./cache/wrapper.ts";
export {
  BloscacheError,
  BloscpackError,
  type BloscpackErrorCode,
  type BloscpackSection,
  CodecError,
  KeyError,
  StoreError,
  ValueError,
} from "./errors.ts";
export type { EvictionReason } from "./store/eviction.ts";
export type { SweepOptions, Swept } from "./store/litter.ts";
export type { RebuildOptions, Rebuilt, UnusedFile } from "./store/rebuilding.ts";
export type { CacheSize, Reduction } from "./store/reduction.ts";
