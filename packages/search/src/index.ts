export type { DimensionMismatch, EmbedError, Embedder, EmbeddingProfile } from './embedder.ts'
export { hashingEmbedder, hashingEmbedderDefaults } from './hashing-embedder.ts'
export type { HashingEmbedderOptions } from './hashing-embedder.ts'
export type {
  MetadataValue,
  VectorCondition,
  VectorFilter,
  VectorIdPage,
  VectorIndex,
  VectorIndexError,
  VectorIndexStats,
  VectorListOptions,
  VectorMatch,
  VectorMetadata,
  VectorQuery,
  VectorRecord,
} from './vector-index.ts'
