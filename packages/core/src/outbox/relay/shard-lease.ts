import type { Clock } from '../../clock.ts'

/**
 * Why a hand-over was interrupted: the sink took too long (`late`), or this relay must stop
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

/** One running hand-over. */
export interface Guard {
  readonly signal: AbortSignal
  /** Ends the guard, not the hand-over. */
  dismiss(): void
}

/**
 * The time this relay may act for: whatever it hands to a sink is interrupted a fifth of the lease
 * before that ends, unless it was renewed.
 */
export class Lease {
  readonly #clock: Clock
  readonly #leaseMs: number
  readonly #running = new Set<AbortController>()
  #endsMs = 0

  constructor(clock: Clock, leaseMs: number) {
    this.#clock = clock
    this.#leaseMs = leaseMs
  }

  /** Whether there is time to begin something. */
  get isSafe(): boolean {
    return this.#marginMs() > 0
  }

  /** The lease was renewed by a statement that was sent at `sentMs`. */
  renewed(sentMs: number): void {
    this.#endsMs = sentMs + this.#leaseMs
  }

  /**
   * Watches over one hand-over: its signal is aborted when it takes longer than `timeoutMs`, when
   * the lease is about to end, or by `interrupt`.
   */
  guard(timeoutMs: number): Guard {
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
      dismiss: () => {
        clearTimeout(timeout)
        clearTimeout(watch)
        this.#running.delete(controller)
      },
    }
  }

  /** Interrupts what is running. */
  interrupt(message: string): void {
    for (const controller of this.#running) controller.abort(new Interruption('ended', message))
  }

  #marginMs(): number {
    return this.#endsMs - this.#leaseMs / 5 - this.#clock.monotonic()
  }
}
