import type {
  CallOptions,
  Failure,
  InvalidInput,
  PackageMissing,
  ResultAsync,
  StoreError,
} from '@headwater/core'

/**
 * Model and length of vectors, and how texts are marked. Two vectors may be compared only when they
 * have the same profile.
 */
export interface EmbeddingProfile {
  /** Name of the model, for instance `text-embedding-3-small`. */
  readonly model: string
  /** Length of every vector. */
  readonly dimensions: number
  /**
   * Names how texts are marked for the model, where they are.
   *
   * @defaultValue none
   */
  readonly variant?: string
}

/** Settings with which the similarities of an embedder rank best. */
export interface EmbedderRanking {
  /** The least cosine similarity of a query and a text that are related. */
  readonly minSimilarity: number
  /** The weight of a rank by meaning, where the same rank by words has 1. */
  readonly denseWeight: number
}

/** Options of {@link Embedder.embed}. */
export interface EmbedOptions extends CallOptions {
  /**
   * Whether the texts are queries, or the texts of courses. Some models want the two marked, for
   * instance by `query: ` and `passage: `.
   *
   * @defaultValue not said
   */
  readonly purpose?: 'query' | 'document'
}

/** Turns texts into vectors. Related texts get vectors with a high cosine similarity. */
export interface Embedder {
  /** The profile of every vector that `embed` returns; never changes. */
  readonly profile: EmbeddingProfile
  /**
   * Settings for a search that sets none.
   *
   * @defaultValue none: a search measures the similarities of the catalogue
   */
  readonly ranking?: EmbedderRanking
  /**
   * Whether a query is embedded in the case in which it was typed, `US` unlike `us`. Each spelling
   * is then paid for, ranked and cached by itself.
   *
   * @defaultValue `false`: in lower case
   */
  readonly isCaseSensitive?: boolean
  /**
   * The number of texts in each request that these texts would take, in order. Callers with many
   * texts use it to fill their requests.
   *
   * @defaultValue all texts in one request
   */
  batchSizes?(texts: readonly string[]): readonly number[]
  /**
   * Embeds all texts or none: one vector per text, in order, each of length `profile.dimensions`
   * and Euclidean norm 1. An empty list costs nothing. An empty text is `invalid-input` that names
   * it (`texts[3]`).
   */
  embed(
    texts: readonly string[],
    options?: EmbedOptions,
  ): ResultAsync<readonly number[][], EmbedError>
}

/** A vector has the wrong length. */
export interface DimensionMismatch extends Failure<'dimension-mismatch'> {
  /** The length of the profile or the index. */
  readonly expected: number
  /** The length of the first vector that is wrong. */
  readonly received: number
}

/**
 * Failures of embedding texts. `dimension-mismatch`: the model's answer breaks its profile.
 * `package-missing`: the client of the service is not installed.
 */
export type EmbedError = StoreError | InvalidInput | DimensionMismatch | PackageMissing

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
