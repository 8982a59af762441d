import type { Clock } from '../clock.ts'

/** Time for which a failed source is left alone, in milliseconds. */
const restMs = 1_000
const mostKeys = 10_000

/**
 * Spares a source that fails: one read a second tries it, and expired values answer the others. An
 * outage concerns all keys, any other failure and slowness only the key that was loaded.
 */
export class SourceRest {
  readonly #clock: Clock
  readonly #endsAt = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The source answered for this key. */
  succeeded(key: string): void {
    if (this.#endsAt.size === 0) return
    this.#endsAt.delete(everyKey)
    this.#endsAt.delete(key)
  }

  /** The source is out of reach: it rests. */
  failed(): void {
    this.#endsAt.set(everyKey, this.#clock.monotonic() + restMs)
  }

  /** The source failed, or is slow, for this key: it rests for the key. */
  failedFor(key: string): void {
    if (this.#endsAt.size >= mostKeys) this.#endsAt.clear()
    this.#endsAt.set(key, this.#clock.monotonic() + restMs)
  }

  /** Whether this read may ask the source. One that may ask after a failure makes it rest again. */
  mayAsk(key: string): boolean {
    const now = this.#clock.monotonic()
    for (const each of [everyKey, key]) {
      const endsAt = this.#endsAt.get(each)
      if (endsAt === undefined) continue
      if (now < endsAt) return false
      this.#endsAt.set(each, now + restMs)
    }
    return true
  }
}

/** No key is empty. */
const everyKey = ''
