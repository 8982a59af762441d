export { CourseSearch, createCourseSearch } from './course-search.ts'
export { courseSearchDefaults } from './course-search-options.ts'
export type { CourseSearchOptions } from './course-search-options.ts'
export type { FoundCourses, SearchError, SearchResult, SimilarError } from './search-result.ts'
export { searchOptionsDefaults, suggestOptionsDefaults } from './search-request.ts'
export type { SearchOptions, SimilarOptions, SuggestOptions } from './search-request.ts'
export type { Suggestion } from './suggest.ts'
export type { LoggedClick, LoggedHit, LoggedSearch, SearchLog } from './search-log.ts'
export { rerankDefaults } from './rerank.ts'
export type { Rerank, RerankOptions, RerankRequest } from './rerank.ts'
export { searchMigrations } from './migrations.ts'
export type { CourseReader, SearchHit } from './hydrate.ts'
export type { DegradedLeg, LegError } from './legs.ts'
export { fuse } from './fuse.ts'
export type { FusedCourse, Leg, LegRank, RankedCourse } from './fuse.ts'
export type { IndexedCourse, IndexError, IndexOutcomes } from './course-indexer.ts'
export type { FormerEmbedding } from './course-search-options.ts'

export type { CourseIndex } from './course-index.ts'
export { summaryDefaults } from './course-status.ts'
export type { CourseStatus, StatusSummary, SummaryOptions } from './course-status.ts'
export { verifyDefaults } from './verify.ts'
export type { VerifyOptions, VerifyReport } from './verify.ts'
export type { IndexDifference } from './differences.ts'
export { repairDefaults } from './repair.ts'
export type { RepairOptions, RepairReport } from './repair.ts'
export type { ReindexOptions, ReindexProgress, ReindexReport } from './reindex.ts'
export type { GenerationStatus, UnknownGeneration } from './generations.ts'
export { activateDefaults } from './index-generations.ts'
export type {
  ActivatedGeneration,
  ActivateOptions,
  IndexGenerations,
  NotCovered,
  OpenIndex,
} from './index-generations.ts'
export { courseTemplate } from './course-template.ts'
export type { CourseTemplate } from './course-template.ts'

export type {
  DimensionMismatch,
  EmbedError,
  Embedder,
  EmbedderRanking,
  EmbeddingProfile,
} from './embedder.ts'
export { embedEach } from './embed-each.ts'
export type { EmbeddedText } from './embed-each.ts'
export { openaiEmbedder, openaiEmbedderDefaults } from './openai-embedder.ts'
export type { EmbeddingBatchLimits, OpenaiEmbedderOptions } from './openai-embedder.ts'
export { recordedEmbedder, recordEmbeddings } from './recorded-embedder.ts'
export type { RecordedEmbedderOptions } from './recorded-embedder.ts'
export { hashingEmbedder, hashingEmbedderDefaults } from './hashing-embedder.ts'
export type { HashingEmbedderOptions } from './hashing-embedder.ts'

export { pineconeIndex, pineconeIndexDefaults } from './pinecone-index.ts'
export type { PineconeIndexOptions } from './pinecone-index.ts'
export { pgvectorIndex, pgvectorIndexDefaults, pgvectorMigrations } from './pgvector-index.ts'
export type { PgvectorIndexOptions } from './pgvector-index.ts'
export { inMemoryVectorIndex, inMemoryVectorIndexDefaults } from './in-memory-index.ts'
export type { InMemoryVectorIndexOptions } from './in-memory-index.ts'
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
