import type { CallOptions, Failure, InvalidInput, ResultAsync, StoreError } from '@headwater/core'

/**
 * What makes vectors comparable: two vectors may be compared only when they were made under the
 * same profile.
 */
export interface EmbeddingProfile {
  /** Name of the model, for instance `text-embedding-3-small`. */
  readonly model: string
  /** Length of every vector. */
  readonly dimensions: number
}

/** How the similarities of an embedder rank best. */
export interface EmbedderRanking {
  /**
   * The cosine similarity from which on a query and a text have something to do with each other.
   */
  readonly minSimilarity: number
  /**
   * What a place in the ranking by meaning is worth, against 1 for the same place in the ranking by
   * words.
   */
  readonly denseWeight: number
}

/** Turns texts into vectors. Related texts get vectors with a high cosine similarity. */
export interface Embedder {
  /** The profile of every vector that `embed` returns; never changes. */
  readonly profile: EmbeddingProfile
  /**
   * How its similarities rank best, for a search that is not told otherwise.
   *
   * @defaultValue what `createCourseSearch` takes
   */
  readonly ranking?: EmbedderRanking
  /**
   * How many of these texts each request for them would carry, in their order: whoever has many
   * collects as many as fill one.
   *
   * @defaultValue any number in one request
   */
  batchSizes?(texts: readonly string[]): readonly number[]
  /**
   * Embeds all texts or none: one vector per text, in the order of the texts, each of length
   * `profile.dimensions` and Euclidean norm 1. No texts give no vectors and cost nothing. An empty
   * text is `invalid-input` that names it (`texts[3]`).
   */
  embed(
    texts: readonly string[],
    options?: CallOptions,
  ): ResultAsync<readonly number[][], EmbedError>
}

/** A vector does not have the length that is expected of it. */
export interface DimensionMismatch extends Failure<'dimension-mismatch'> {
  /** The length of the profile or the index. */
  readonly expected: number
  /** The length of the first vector that is wrong. */
  readonly received: number
}

/**
 * What can go wrong when texts are embedded. `dimension-mismatch` is an answer of the model that
 * breaks its profile.
 */
export type EmbedError = StoreError | InvalidInput | DimensionMismatch

/** The failure of a vector of the wrong length. */
export function dimensionMismatch(expected: number, received: number): DimensionMismatch {
  return {
    type: 'dimension-mismatch',
    message: `a vector has ${received} dimensions instead of ${expected}`,
    retryable: false,
    expected,
    received,
  }
}
