import type { Pool, PoolClient } from 'pg'
import type { Clock } from '../../clock.ts'
import { startTimer } from '../../resilience/timer.ts'

/** How long a caller waits for a connection. */
export interface Patience {
  /** Time without any movement in the pool after which it gives up, in milliseconds. */
  readonly stillMs: number
  /** The longest wait, in milliseconds. */
  readonly limitMs: number
  /** Ends the wait. */
  readonly signal: AbortSignal | undefined
}

/** No connection came free, and none was made. */
export class NoTurn extends Error {
  constructor() {
    super('timeout exceeded when trying to connect')
  }
}

/**
 * Waits for the connections of one pool. A pool in which connections come back is busy, and its
 * callers get their turn; only one that stands still is refused.
 */
export class PoolTurns {
  readonly pool: Pool
  readonly #clock: Clock
  readonly #moved: () => void
  #movedAtMs = -Infinity

  constructor(pool: Pool, clock: Clock) {
    this.pool = pool
    this.#clock = clock
    this.#moved = () => {
      this.#movedAtMs = clock.monotonic()
    }
    pool.on('connect', this.#moved).on('release', this.#moved)
  }

  /** Resolves to a connection, which the caller releases. */
  next({ stillMs, limitMs, signal }: Patience): Promise<PoolClient> {
    return new Promise((resolve, reject) => {
      const startedMs = this.#clock.monotonic()
      let isLate = false
      let cancel = (): void => undefined
      const giveUp = (): void => {
        isLate = true
        cancel()
        reject(new NoTurn())
      }
      if (signal?.aborted === true) return giveUp()
      const leftMs = (): number => {
        const now = this.#clock.monotonic()
        const still = Math.max(startedMs, this.#movedAtMs) + stillMs
        return Math.min(still, startedMs + limitMs) - now
      }
      const wait = (): void => {
        cancel = startTimer(Math.max(0, leftMs()), () => {
          if (leftMs() > 0) wait()
          else giveUp()
        })
      }
      wait()
      signal?.addEventListener('abort', giveUp, { once: true })
      // Not as a promise: a server that shuts down may say so in the packet that ends the
      // handshake, before any promise goes on. An error that nobody listens to ends the process.
      this.pool.connect((error, client) => {
        cancel()
        signal?.removeEventListener('abort', giveUp)
        if (client === undefined) return reject(error ?? new Error('the pool gave no connection'))
        if (!client.listeners('error').includes(ignore)) client.on('error', ignore)
        if (isLate) client.release()
        else resolve(client)
      })
    })
  }

  /** Leaves the pool. */
  stop(): void {
    this.pool.off('connect', this.#moved).off('release', this.#moved)
  }
}

/** The next statement of the connection fails by itself. */
function ignore(): void {}
