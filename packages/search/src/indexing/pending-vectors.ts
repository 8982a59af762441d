/** As many as one request for embeddings may carry; about 12 MB at 1,536 dimensions. */
const maxVectors = 2_048

/**
 * Vectors that were paid for but are not stored yet: the next attempt to store their texts does not
 * pay again. When there are too many, the oldest are forgotten.
 */
export class PendingVectors {
  readonly #vectors = new Map<string, Float32Array>()

  /** The vector of a text, by the hash of the text. */
  get(hash: string): readonly number[] | undefined {
    const vector = this.#vectors.get(hash)
    return vector === undefined ? undefined : Array.from(vector)
  }

  /** Keeps a vector until it is stored. */
  keep(hash: string, vector: readonly number[]): void {
    this.#vectors.set(hash, Float32Array.from(vector))
    if (this.#vectors.size <= maxVectors) return
    for (const oldest of this.#vectors.keys()) {
      this.#vectors.delete(oldest)
      return
    }
  }

  /** Forgets the vector of a text that is stored, or never will be. */
  forget(hash: string): void {
    this.#vectors.delete(hash)
  }
}
