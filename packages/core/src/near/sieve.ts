/** What a value is kept under: its key in Redis, or something shorter that stands for it. */
type SieveKey = string | number

/** A kept value, linked in the order in which it came. */
interface Kept<Value> {
  readonly key: SieveKey
  readonly value: Value
  readonly bytes: number
  readonly tags: readonly string[]
  isVisited: boolean
  newer: Kept<Value> | undefined
  older: Kept<Value> | undefined
}

/**
 * Values by key, bounded by their bytes. Evicts by SIEVE (Zhang et al., NSDI 2024): a hand moves
 * from the oldest value to the newest, spares what was read since it last came by, and evicts the
 * rest. A read only sets a flag.
 */
export class Sieve<Value> {
  readonly #maxBytes: number
  readonly #kept = new Map<SieveKey, Kept<Value>>()
  readonly #byTag = new Map<string, Set<SieveKey>>()
  #newest: Kept<Value> | undefined
  #oldest: Kept<Value> | undefined
  #hand: Kept<Value> | undefined
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Number of values. */
  get size(): number {
    return this.#kept.size
  }

  /** Sum of the bytes of all values. */
  get bytes(): number {
    return this.#bytes
  }

  /** The value of a key. */
  get(key: SieveKey): Value | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    kept.isVisited = true
    return kept.value
  }

  /** Keeps a value, in place of an earlier one of its key, unless it alone is too large. */
  set(
    key: SieveKey,
    value: Value,
    { bytes, tags }: { bytes: number; tags: readonly string[] },
  ): void {
    this.delete(key)
    if (bytes > this.#maxBytes) return
    while (this.#bytes + bytes > this.#maxBytes) this.#evict()
    const kept: Kept<Value> = {
      key,
      value,
      bytes,
      tags,
      isVisited: false,
      newer: undefined,
      older: this.#newest,
    }
    if (this.#newest === undefined) this.#oldest = kept
    else this.#newest.newer = kept
    this.#newest = kept
    this.#kept.set(key, kept)
    this.#bytes += bytes
    for (const tag of tags) {
      const keys = this.#byTag.get(tag) ?? new Set<SieveKey>()
      this.#byTag.set(tag, keys)
      keys.add(key)
    }
  }

  /**
   * Drops the value of a key, and all values that have the key as a tag. `key` is what the value of
   * `keyText` is kept under. Returns how many.
   */
  drop(keyText: string, key: SieveKey = keyText): number {
    const tagged = [...(this.#byTag.get(keyText) ?? [])]
    return [key, ...tagged].filter((one) => this.delete(one)).length
  }

  /** Drops the value of a key. Returns whether there was one. */
  delete(key: SieveKey): boolean {
    const kept = this.#kept.get(key)
    if (kept === undefined) return false
    this.#kept.delete(key)
    this.#bytes -= kept.bytes
    for (const tag of kept.tags) {
      const keys = this.#byTag.get(tag)
      keys?.delete(key)
      if (keys?.size === 0) this.#byTag.delete(tag)
    }
    if (this.#hand === kept) this.#hand = kept.newer
    if (kept.newer === undefined) this.#newest = kept.older
    else kept.newer.older = kept.older
    if (kept.older === undefined) this.#oldest = kept.newer
    else kept.older.newer = kept.newer
    return true
  }

  /** Drops everything. */
  clear(): void {
    this.#kept.clear()
    this.#byTag.clear()
    this.#newest = this.#oldest = this.#hand = undefined
    this.#bytes = 0
  }

  #evict(): void {
    let candidate = this.#hand ?? this.#oldest
    while (candidate?.isVisited === true) {
      candidate.isVisited = false
      candidate = candidate.newer ?? this.#oldest
    }
    if (candidate === undefined) return
    this.#hand = candidate
    this.delete(candidate.key)
  }
}
