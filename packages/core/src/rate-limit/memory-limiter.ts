import type { Clock } from '../clock.ts'
import { RecentMap } from '../recent-map.ts'
import { look, type Rate, take, type Verdict } from './gcra.ts'

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
  readonly #arrivals = new RecentMap<string, number>(maxSubjects)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Counts a request with all its limits, or with none when one refuses it. */
  take(takes: readonly MemoryTake[], cost = 1): Verdict[] {
    const verdicts = this.look(takes, cost)
    if (verdicts.some(({ isAllowed }) => !isAllowed)) return verdicts
    const nowUs = this.#nowUs
    return takes.map(({ key, rate }) => {
      const decision = take(rate, this.#arrivals.get(key) ?? 0, nowUs, cost)
      this.#arrivals.set(key, decision.arrivalUs)
      return decision
    })
  }

  /** Decides on a request without counting it. */
  look(takes: readonly MemoryTake[], cost = 1): Verdict[] {
    const nowUs = this.#nowUs
    return takes.map(({ key, rate }) => look(rate, this.#arrivals.get(key) ?? 0, nowUs, cost))
  }

  /** Forgets the requests of one subject. */
  forget(key: string): void {
    this.#arrivals.delete(key)
  }

  /** Forgets everything. */
  clear(): void {
    this.#arrivals.clear()
  }

  get #nowUs(): number {
    return Math.floor(this.#clock.monotonic() * 1_000)
  }
}
