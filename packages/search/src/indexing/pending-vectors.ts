import { RecentMap } from '@headwater/core'

/** As many as one request for embeddings may carry; about 12 MB at 1,536 dimensions. */
const maxVectors = 2_048

/**
 * Vectors that were paid for but are not stored yet: the next attempt to store their texts does not
 * pay again. When there are too many, the oldest are forgotten.
 */
export class PendingVectors {
  readonly #vectors = new RecentMap<string, Float32Array>(maxVectors)

  /** The vector of a text, by the hash of the text. */
  get(hash: string): readonly number[] | undefined {
    const vector = this.#vectors.get(hash)
    return vector === undefined ? undefined : Array.from(vector)
  }

  /** Keeps a vector until it is stored. */
  keep(hash: string, vector: readonly number[]): void {
    this.#vectors.set(hash, Float32Array.from(vector))
  }

  /** Forgets the vector of a text that is stored, or never will be. */
  forget(hash: string): void {
    this.#vectors.delete(hash)
  }
}
