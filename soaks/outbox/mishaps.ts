import { setTimeout } from 'node:timers/promises'

/** The time limit of a sink for a batch, in milliseconds. */
export const sinkTimeoutMs = 400
const deafMs = 1_800

/**
 * The mishap of a call of a sink: none, it fails, it hangs until it is aborted, or it hangs,
 * ignores the abort and continues later.
 */
type Mishap = 'none' | 'fail' | 'hang' | 'hang-deaf'

const shares: readonly (readonly [Mishap, number])[] = [
  ['fail', 0.03],
  ['hang', 0.008],
  ['hang-deaf', 0.004],
]
const reluctance = 0.002
const narrowShare = 0.01
const narrowMs = 1_500
const narrowBatch = 8

/** The random mishaps of the sinks of one process. */
export class Mishaps {
  /** Whether random mishaps have ended. */
  isCalm: boolean
  /** Whether poisoned events are harmless. */
  isPoisonLifted: boolean
  #narrowUntilMs = 0

  constructor({
    isCalm,
    isPoisonLifted,
  }: {
    readonly isCalm: boolean
    readonly isPoisonLifted: boolean
  }) {
    this.isCalm = isCalm
    this.isPoisonLifted = isPoisonLifted
  }

  /**
   * Whether a batch is too large for the sink, which takes only small ones from time to time, as
   * after a change of its limits.
   */
  isTooLarge(count: number): boolean {
    const nowMs = performance.now()
    if (!this.isCalm && Math.random() < narrowShare) this.#narrowUntilMs = nowMs + narrowMs
    return nowMs < this.#narrowUntilMs && count > narrowBatch
  }

  /** Whether the sink refuses one event this time. */
  isReluctant(): boolean {
    return !this.isCalm && Math.random() < reluctance
  }

  /**
   * Plays the mishap of a call. Returns the signal that the rest of the call obeys, which never
   * aborts after a mishap that ignores the abort.
   *
   * @throws Error when the call must fail.
   */
  async play(signal: AbortSignal): Promise<AbortSignal> {
    const mishap = this.#draw()
    if (mishap === 'none') return signal
    if (mishap === 'fail') throw new Error('the sink is out of order')
    if (mishap === 'hang-deaf') {
      await setTimeout(deafMs)
      return new AbortController().signal
    }
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true })
    })
    throw new Error('the sink was aborted')
  }

  #draw(): Mishap {
    let left = this.isCalm ? 1 : Math.random()
    return shares.find(([, share]) => (left -= share) < 0)?.[0] ?? 'none'
  }
}
