import { randomUUID } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { Diagnostics } from '../../diagnostics.ts'
import { isCluster } from './redis-client.ts'
import { MessageLink } from './message-link.ts'
import type { RedisStore } from './redis-store.ts'

/** Dependencies of {@link Hints}. */
export interface HintsDeps {
  readonly redis: RedisStore
  readonly clock: Clock
  readonly diagnostics: Diagnostics
}

/** Least time between two hints of one process, in milliseconds. */
const gapMs = 10
/** Where nobody listens, nobody is told anything for so long, in milliseconds. */
const restMs = 1_000

/**
 * Tells other processes over Redis that there is something to look for. A hint may be lost, and one
 * stands for many: who listens must look from time to time as well.
 */
export class Hints {
  readonly #deps: HintsDeps
  readonly #channel: string
  readonly #process = randomUUID()
  #isDue = false
  #restsUntil = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  /** `subject` is what the hints are about. */
  constructor(deps: HintsDeps, subject: string) {
    this.#deps = deps
    this.#channel = `${deps.redis.keyPrefix}hint!${subject}`
  }

  /** Gives a hint in the background: at once, or shortly after the last one. */
  give(): void {
    this.#isDue = true
    if (this.#timer === undefined) this.#send()
  }

  /**
   * Calls `look` at the hints of other processes, and whenever some may have been lost. The
   * returned function ends that.
   */
  listen(look: () => void): () => void {
    const { redis, diagnostics } = this.#deps
    const link = new MessageLink(redis, this.#channel, {
      onMessage: (process) => {
        if (process !== this.#process) look()
      },
      onLost: look,
      onError: (error) => {
        diagnostics.emit('store:error', { store: 'redis', error })
      },
    })
    void link.subscribe(this.#channel)
    return () => {
      link.close()
    }
  }

  #send(): void {
    const { redis, clock } = this.#deps
    this.#isDue = false
    if (!redis.isAvailable || clock.monotonic() < this.#restsUntil) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#isDue) this.#send()
    }, gapMs).unref()
    void redis
      .run('hint', (client) => client.publish(this.#channel, this.#process))
      .match(
        // A node of a cluster knows its own listeners only.
        (listeners) => listeners > 0 || isCluster(redis.client),
        () => false,
      )
      .then((isWorthwhile) => {
        if (!isWorthwhile) this.#restsUntil = clock.monotonic() + restMs
      })
  }
}
