import type { Clock } from '../clock.ts'
import { type Rate, take, untaken, type Verdict } from './gcra.ts'

/** Subjects kept; beyond that the least recently seen one is forgotten and starts afresh. */
const maxSubjects = 10_000

/** One request of one limit. */
export interface MemoryTake {
  /** Names the subject and the limit. */
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

  /** Counts one request with all its limits, or with none when one refuses it. */
  take(takes: readonly MemoryTake[]): Verdict[] {
    const nowUs = Math.floor(this.#clock.monotonic() * 1_000)
    const decided = takes.map(({ key, rate }) => ({
      key,
      rate,
      decision: take(rate, this.#arrivals.get(key) ?? 0, nowUs),
    }))
    if (decided.every(({ decision }) => decision.isAllowed)) {
      for (const { key, decision } of decided) this.#remember(key, decision.arrivalUs)
      return decided.map(({ decision }) => decision)
    }
    return decided.map(({ key, rate, decision }) =>
      decision.isAllowed ? untaken(rate, this.#arrivals.get(key) ?? 0, nowUs) : decision,
    )
  }

  /** Forgets everything. */
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
