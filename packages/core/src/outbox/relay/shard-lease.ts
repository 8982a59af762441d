import type { Clock } from '../../clock.ts'

/**
 * The reason for interrupting a batch: the sink took too long (`late`), or this relay must stop
 * (`ended`).
 */
export class Interruption extends Error {
  readonly kind: 'late' | 'ended'

  constructor(kind: 'late' | 'ended', message: string) {
    super(message)
    this.name = 'Interruption'
    this.kind = kind
  }
}

/** The time limit of one batch. */
export interface BatchLimit {
  readonly signal: AbortSignal
  /** Lifts the limit: the batch has ended. */
  lift(): void
}

/**
 * The time for which this relay may act. Every batch is interrupted a fifth of the lease before
 * that ends, unless it was renewed.
 */
export class ShardLease {
  readonly #clock: Clock
  readonly #leaseMs: number
  readonly #running = new Set<AbortController>()
  #endsAt = 0

  constructor(clock: Clock, leaseMs: number) {
    this.#clock = clock
    this.#leaseMs = leaseMs
  }

  /** Whether there is time to begin something. */
  get isSafe(): boolean {
    return this.#marginMs() > 0
  }

  /** Extends the lease, which a statement renewed that was sent at `sentAt`. */
  renewed(sentAt: number): void {
    this.#endsAt = sentAt + this.#leaseMs
  }

  /**
   * Limits one batch: its signal is aborted when it takes longer than `timeoutMs`, when the lease
   * is about to end, or by `interrupt`.
   */
  limit(timeoutMs: number): BatchLimit {
    const controller = new AbortController()
    const timeout = setTimeout(
      () => {
        controller.abort(new Interruption('late', `the sink took longer than ${timeoutMs} ms`))
      },
      Math.min(timeoutMs, 2 ** 31 - 1),
    )
    let watch: NodeJS.Timeout
    const look = (): void => {
      const leftMs = this.#marginMs()
      if (leftMs <= 0) controller.abort(new Interruption('ended', 'the lease was about to end'))
      else watch = setTimeout(look, Math.ceil(leftMs))
    }
    this.#running.add(controller)
    look()
    return {
      signal: controller.signal,
      lift: () => {
        clearTimeout(timeout)
        clearTimeout(watch)
        this.#running.delete(controller)
      },
    }
  }

  /** Interrupts the batches in progress. */
  interrupt(message: string): void {
    for (const controller of this.#running) controller.abort(new Interruption('ended', message))
  }

  #marginMs(): number {
    return this.#endsAt - this.#leaseMs / 5 - this.#clock.monotonic()
  }
}
