import type { Clock } from '../../clock.ts'

/** Limits of a {@link RedisBreaker}. */
export interface RedisBreakerOptions {
  /**
   * Failures in a row that open it.
   *
   * @defaultValue `5`
   */
  readonly failuresToOpen: number
  /**
   * Time that it first stays open before one command may try, in milliseconds; doubles with every
   * failed try.
   *
   * @defaultValue `1_000`
   */
  readonly openMs: number
  /**
   * The longest it stays open, in milliseconds.
   *
   * @defaultValue `5_000`
   */
  readonly maxOpenMs: number
}

/** Defaults of {@link RedisBreakerOptions}. */
export const redisBreakerDefaults: RedisBreakerOptions = {
  failuresToOpen: 5,
  openMs: 1_000,
  maxOpenMs: 5_000,
}

type State = 'open' | 'half-open' | 'closed'

/**
 * Takes a failing Redis out of the way. Its own, not a policy library's: it stands on the path of
 * every cache hit, where a success must cost a comparison and nothing else.
 */
export class RedisBreaker {
  readonly #clock: Clock
  readonly #options: RedisBreakerOptions
  readonly #onTransition: (state: State) => void
  #state: State = 'closed'
  #failures = 0
  #openMs: number
  #tryAtMs = 0

  constructor(
    clock: Clock,
    onTransition: (state: State) => void,
    options: RedisBreakerOptions = redisBreakerDefaults,
  ) {
    this.#clock = clock
    this.#options = options
    this.#onTransition = onTransition
    this.#openMs = options.openMs
  }

  /** Whether a command that came now would be let through. */
  get wouldAdmit(): boolean {
    return this.#state === 'closed' || this.#clock.monotonic() >= this.#tryAtMs
  }

  /**
   * Lets a command through, or not; the first one after the open time is the one that tries.
   * Another one may try when it has not ended after the same time.
   */
  admit(): boolean {
    if (this.#state === 'closed') return true
    if (!this.wouldAdmit) return false
    this.#tryAtMs = this.#clock.monotonic() + this.#openMs
    if (this.#state !== 'half-open') this.#enter('half-open')
    return true
  }

  /** A command was given up by its caller, which says nothing: the next one may try. */
  abandoned(): void {
    if (this.#state === 'half-open') this.#tryAtMs = this.#clock.monotonic()
  }

  /** A command was answered in time. */
  succeeded(): void {
    this.#failures = 0
    if (this.#state !== 'closed') this.reset()
  }

  /** A command was not answered, or not in time. */
  failed(): void {
    this.#failures += 1
    if (this.#state === 'half-open') this.#open(Math.min(this.#openMs * 2, this.#options.maxOpenMs))
    else if (this.#state === 'closed' && this.#failures >= this.#options.failuresToOpen)
      this.#open(this.#options.openMs)
  }

  /** Closes it: another connection was made. */
  reset(): void {
    this.#failures = 0
    this.#openMs = this.#options.openMs
    if (this.#state !== 'closed') this.#enter('closed')
  }

  #open(ms: number): void {
    this.#openMs = ms
    this.#tryAtMs = this.#clock.monotonic() + ms
    this.#enter('open')
  }

  #enter(state: State): void {
    this.#state = state
    this.#onTransition(state)
  }
}
