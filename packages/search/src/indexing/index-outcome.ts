import type {
  CacheReadError,
  InvalidInput,
  NotFound,
  Result,
  SqlError,
  VersionConflict,
} from '@headwater/core'
import type { EmbedError } from '../embedders/embedder.ts'
import type { VectorIndexError } from '../vectors/vector-index.ts'
import type { UnknownGeneration } from './generations.ts'

/**
 * The effect of indexing a course: its vector was `stored`, or only its metadata `updated`; it was
 * `unchanged`; it was `removed` because it is not published, or because the course is `gone`.
 */
export type IndexedCourse = 'stored' | 'updated' | 'unchanged' | 'removed' | 'gone'

/**
 * Failures of indexing a course. `version-conflict`: the course kept changing while it was indexed.
 * `unknown-generation`: queries use a generation whose embedder this process does not have; a
 * process that has it takes over.
 */
export type IndexError =
  | InvalidInput
  | NotFound
  | VersionConflict
  | CacheReadError
  | SqlError
  | EmbedError
  | VectorIndexError
  | UnknownGeneration

/** The outcome of each course. */
export type IndexOutcomes = Map<number, Result<IndexedCourse, IndexError>>
