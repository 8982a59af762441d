import type { Clock } from '../clock.ts'

/** Time for which a failed source is left alone, in milliseconds. */
const restMs = 1_000

/**
 * Spares a source that fails: one read a second tries it, the others are answered by expired
 * values.
 */
export class SourceRest {
  readonly #clock: Clock
  #isSuspect = false
  #endsAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The source answered. */
  succeeded(): void {
    this.#isSuspect = false
  }

  /** The source failed: it rests now. */
  failed(): void {
    this.#isSuspect = true
    this.#endsAt = this.#clock.monotonic() + restMs
  }

  /** Whether this read may ask the source. A read that may ask a suspect source makes it rest. */
  mayAsk(): boolean {
    if (!this.#isSuspect) return true
    const now = this.#clock.monotonic()
    if (now < this.#endsAt) return false
    this.#endsAt = now + restMs
    return true
  }
}
