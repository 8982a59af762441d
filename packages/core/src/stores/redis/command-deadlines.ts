import type { Clock } from '../../clock.ts'
import { Deadlines } from '../../resilience/deadlines.ts'
import type { RedisCallOptions } from './redis-store.ts'

/** A command this short is over as fast as any. */
const fewCharacters = 16 * 1_024
/** Deadlines grow by 1 ms per KB, in steps, so that many commands share each length. */
const stepMs = 64
const maxLengths = 32

/** The deadlines of commands; those of one length share a timer. */
export class CommandDeadlines {
  readonly #clock: Clock
  readonly #usual: Deadlines
  readonly #longer = new Map<number, Deadlines>()

  constructor(ms: number, clock: Clock) {
    this.#clock = clock
    this.#usual = new Deadlines(ms, clock)
  }

  /** The usual length, in milliseconds. */
  get usualMs(): number {
    return this.#usual.ms
  }

  /** The deadlines of a command's length: its own or the usual one, and more for what is long. */
  of(options: RedisCallOptions | undefined): Deadlines {
    if (options === undefined) return this.#usual
    const { deadlineMs = this.#usual.ms, characters = 0 } = options
    const steps = characters < fewCharacters ? 0 : Math.ceil(characters / (stepMs * 1_024))
    const ms = deadlineMs + steps * stepMs
    return ms === this.#usual.ms ? this.#usual : this.#shared(ms)
  }

  #shared(ms: number): Deadlines {
    const known = this.#longer.get(ms)
    if (known !== undefined) return known
    const deadlines = new Deadlines(ms, this.#clock)
    if (this.#longer.size < maxLengths) this.#longer.set(ms, deadlines)
    return deadlines
  }
}
