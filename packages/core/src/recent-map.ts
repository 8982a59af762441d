/** A map of the keys that were set last: beyond `most`, the one set longest ago is forgotten. */
export class RecentMap<Key, Value> {
  readonly #most: number
  readonly #entries = new Map<Key, Value>()

  constructor(most: number) {
    this.#most = most
  }

  /** The value of a key, unless it was forgotten. */
  get(key: Key): Value | undefined {
    return this.#entries.get(key)
  }

  /** Sets a key, which is then the last to be forgotten. */
  set(key: Key, value: Value): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#most) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }

  /** Forgets a key. */
  delete(key: Key): void {
    this.#entries.delete(key)
  }

  /** Forgets all keys. */
  clear(): void {
    if (this.#entries.size > 0) this.#entries.clear()
  }
}
