/** Names in Redis of what the members of one deployment share. */
export class MemberNames {
  readonly #prefix: string

  /** `prefix` precedes every key in Redis. The tag keeps all of it in one slot of a cluster. */
  constructor(prefix: string) {
    this.#prefix = `${prefix}near!{members}`
  }

  /** A key in the slot of the hashes. */
  get slotKey(): string {
    return this.#prefix
  }

  /** The hash of the members of a cache. */
  hashOf(cache: string): string {
    return `${this.#prefix}:${cache}`
  }

  /** The channel on which changes of a cache's keys are published. */
  channelOf(cache: string): string {
    return `${this.#prefix}:changes:${cache}`
  }

  /** The channel on which a writing process is acknowledged to. */
  acknowledgementsOf(process: string): string {
    return `${this.#prefix}:acknowledged:${process}`
  }
}

/** The cache that a key belongs to: its first part. */
export function cacheOf(keyText: string): string {
  const end = keyText.indexOf(':')
  return end < 0 ? keyText : keyText.slice(0, end)
}
