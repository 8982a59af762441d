import { within } from '../../resilience/within.ts'

/** Attempts to connect after pauses that double from the first to the longest, spread at random. */
export class Retries {
  readonly #firstMs: number
  readonly #longestMs: number
  #failures = 0

  constructor({ firstMs, longestMs }: { readonly firstMs: number; readonly longestMs: number }) {
    this.#firstMs = firstMs
    this.#longestMs = longestMs
  }

  /** Makes an attempt after the next pause, for which no process is kept alive. */
  later(attempt: () => void): void {
    const pauseMs = Math.min(this.#longestMs, this.#firstMs * 2 ** this.#failures)
    this.#failures += 1
    setTimeout(attempt, pauseMs * (0.5 + Math.random())).unref()
  }

  /** An attempt has succeeded. */
  reset(): void {
    this.#failures = 0
  }
}

/** Waits for an answer for `ms` at most; rejects then. */
export async function answerWithin<T>(ms: number, answer: Promise<T>): Promise<T> {
  return within(answer, ms, () => {
    throw new Error(`Redis gave no answer within ${ms} ms`)
  })
}
