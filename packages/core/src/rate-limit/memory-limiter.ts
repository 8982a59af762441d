import type { Clock } from '../clock.ts'
import { type Rate, take, type Verdict } from './gcra.ts'

/** Subjects that are remembered; beyond that the one seen longest ago is forgotten, and starts afresh. */
const maxSubjects = 10_000

/**
 * The limit of this process alone, for the time in which Redis cannot be asked. Bounded.
 */
export class MemoryLimiter {
  readonly #rate: Rate
  readonly #clock: Clock
  readonly #arrivals = new Map<string, number>()

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate
    this.#clock = clock
  }

  /**
   * Decides on one request of a subject.
   */
  take(subject: string): Verdict {
    const nowUs = Math.floor(this.#clock.monotonic() * 1_000)
    const verdict = take(this.#rate, this.#arrivals.get(subject) ?? 0, nowUs)
    this.#arrivals.delete(subject)
    this.#arrivals.set(subject, verdict.arrivalUs)
    const [oldest] = this.#arrivals.keys()
    if (this.#arrivals.size > maxSubjects && oldest !== undefined) this.#arrivals.delete(oldest)
    return verdict
  }

  /**
   * Forgets everything: Redis counts again.
   */
  clear(): void {
    if (this.#arrivals.size > 0) this.#arrivals.clear()
  }
}
