import type { Clock } from '../clock.ts'
import { type Rate, take, untaken, type Verdict } from './gcra.ts'

/**
 * Subjects that are remembered; beyond that the one seen longest ago is forgotten, and starts
 * afresh.
 */
const maxSubjects = 10_000

/** One request as one limit sees it. */
export interface MemoryTake {
  /** Whose it is; names the limit as well. */
  readonly key: string
  /** The limit. */
  readonly rate: Rate
}

/** The limits of this process alone, for the time in which Redis cannot be asked. Bounded. */
export class MemoryLimiter {
  readonly #clock: Clock
  readonly #arrivals = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Decides on one request of several limits: all count it, or none does. */
  take(takes: readonly MemoryTake[]): Verdict[] {
    const nowUs = Math.floor(this.#clock.monotonic() * 1_000)
    const verdicts = takes.map(({ key, rate }) => take(rate, this.#arrivals.get(key) ?? 0, nowUs))
    if (verdicts.every(({ isAllowed }) => isAllowed)) {
      for (const [index, { key }] of takes.entries())
        this.#remember(key, verdicts[index]?.arrivalUs ?? 0)
      return verdicts
    }
    return verdicts.map((verdict, index) => {
      const { key, rate } = takes[index] as MemoryTake
      return verdict.isAllowed ? untaken(rate, this.#arrivals.get(key) ?? 0, nowUs) : verdict
    })
  }

  /** Forgets everything: Redis counts again. */
  clear(): void {
    if (this.#arrivals.size > 0) this.#arrivals.clear()
  }

  #remember(key: string, arrivalUs: number): void {
    this.#arrivals.delete(key)
    this.#arrivals.set(key, arrivalUs)
    const [oldest] = this.#arrivals.keys()
    if (this.#arrivals.size > maxSubjects && oldest !== undefined) this.#arrivals.delete(oldest)
  }
}
