/** As many as one request for embeddings may carry; some 12 MB at 1,536 dimensions. */
const maxVectors = 2_048

/**
 * Vectors that were paid for and that the index has not taken yet: whoever stores their texts again
 * need not pay again. Those kept longest are forgotten when there are too many.
 */
export class UnstoredVectors {
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

  /** Forgets the vector of a text: it is stored, or will never be. */
  forget(hash: string): void {
    this.#vectors.delete(hash)
  }
}
