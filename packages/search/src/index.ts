export { createCourseSearch } from './course-search.ts'
export type { CourseSearch } from './course-search.ts'
export { courseSearchDefaults } from './course-search-options.ts'
export type { CourseSearchOptions } from './course-search-options.ts'
export type {
  FoundCourses,
  SearchCounts,
  SearchError,
  SearchResult,
  SimilarError,
  ValueCount,
} from './query/search-result.ts'
export {
  countOptionsDefaults,
  searchOptionsDefaults,
  searchSorts,
  suggestOptionsDefaults,
} from './query/search-options.ts'
export type {
  CountOptions,
  SearchFilterOptions,
  SearchOptions,
  SearchSort,
  SimilarOptions,
  SuggestOptions,
} from './query/search-options.ts'
export type {
  AskedCourse,
  DroppedCourse,
  DropReason,
  ExplainedHit,
  ExplainedMeaning,
  ExplainedWords,
  SearchExplanation,
  SearchTimings,
} from './query/explain/search-explanation.ts'
export type { PriceBand } from './query/counts/price-bands.ts'
export { highlightHtml } from './query/highlights/highlight-html.ts'
export type { Excerpt, HitHighlights } from './query/highlights/highlights.ts'
export type { TextRange } from './query/highlights/text-words.ts'
export type { Pin } from './query/pages/pins.ts'
export type { SynonymOptions } from './spelling/synonyms.ts'
export type { Suggestion } from './spelling/suggest.ts'
export { querySuggestionDefaults } from './query/asked/query-suggestion-options.ts'
export type { QuerySuggestionOptions } from './query/asked/query-suggestion-options.ts'
export type { QueriesRefreshed, QuerySuggestion } from './query/asked/query-suggestions.ts'
export type {
  LoggedClick,
  LoggedHit,
  LoggedPage,
  LoggedSearch,
  QueryLog,
  SearchLog,
} from './query/search-log.ts'
export { rerankDefaults } from './query/rerank.ts'
export type { Rerank, RerankOptions, RerankRequest } from './query/rerank.ts'
export { searchMigrations } from './migrations.ts'
export type { CourseReader } from './course-reader.ts'
export type { SearchHit } from './query/pages/hydrate.ts'
export type { DegradedLeg, LegError } from './query/legs.ts'
export { fuse } from './query/fusion/fuse.ts'
export type { FusedCourse, Leg, LegRank, RankedCourse } from './query/fusion/fuse.ts'
export type { IndexedCourse, IndexError, IndexOutcomes } from './indexing/index-outcome.ts'
export type { FormerEmbedding } from './course-search-options.ts'

export type { CalibrateOptions, CourseIndex } from './upkeep/course-index.ts'
export type {
  CourseWords,
  CourseWordsError,
  CourseWordsOptions,
  CourseWordsProgress,
  CourseWordsReport,
} from './upkeep/course-words.ts'
export type { Calibration } from './indexing/calibration.ts'
export { summaryDefaults } from './indexing/course-status.ts'
export type { CourseStatus, StatusSummary, SummaryOptions } from './indexing/course-status.ts'
export { verifyDefaults } from './upkeep/verify.ts'
export type { VerifyOptions, VerifyProgress, VerifyReport } from './upkeep/verify.ts'
export type { FieldDifference, IndexDifference } from './upkeep/differences.ts'
export { repairDefaults } from './upkeep/repair.ts'
export type { RepairOptions, RepairProgress, RepairReport } from './upkeep/repair.ts'
export type { ReindexOptions, ReindexProgress, ReindexReport } from './upkeep/reindex.ts'
export type { GenerationStatus, UnknownGeneration } from './indexing/generations.ts'
export { activateDefaults } from './upkeep/index-generations.ts'
export type {
  ActivatedGeneration,
  ActivateOptions,
  IndexGenerations,
  NotCovered,
  OpenIndex,
} from './upkeep/index-generations.ts'
export { courseTemplate } from './indexing/course-template.ts'
export type { CourseTemplate } from './indexing/course-template.ts'

export type {
  DimensionMismatch,
  EmbedError,
  EmbedOptions,
  Embedder,
  EmbedderRanking,
  EmbeddingProfile,
} from './embedders/embedder.ts'
export { embedEach } from './embedders/embed-each.ts'
export type { EmbeddedText } from './embedders/embed-each.ts'
export { openaiEmbedder } from './embedders/openai-embedder.ts'
export { openaiEmbedderDefaults } from './embedders/openai-options.ts'
export type { EmbeddingBatchLimits, OpenaiEmbedderOptions } from './embedders/openai-options.ts'
export type { TextMark, TextMarks } from './embedders/text-marks.ts'
export { recordedEmbedder, recordEmbeddings } from './embedders/recorded-embedder.ts'
export type { RecordedEmbedderOptions } from './embedders/recorded-embedder.ts'
export { hashingEmbedder, hashingEmbedderDefaults } from './embedders/hashing-embedder.ts'
export type { HashingEmbedderOptions } from './embedders/hashing-embedder.ts'

export type { IndexMismatch, IndexShape } from './vectors/index-mismatch.ts'
export { pineconeIndex, pineconeIndexDefaults } from './vectors/pinecone-index.ts'
export type { PineconeIndexOptions } from './vectors/pinecone-index.ts'
export { pgvectorIndex, pgvectorIndexDefaults } from './vectors/pgvector-index.ts'
export { pgvectorMigrations } from './migrations.ts'
export type { PgvectorIndexOptions } from './vectors/pgvector-index.ts'
export { inMemoryVectorIndex, inMemoryVectorIndexDefaults } from './vectors/in-memory-index.ts'
export type { InMemoryVectorIndexOptions } from './vectors/in-memory-index.ts'
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
} from './vectors/vector-index.ts'
