import { setTimeout } from 'node:timers/promises'

/** The time a sink may take for a batch, in milliseconds. */
export const sinkTimeoutMs = 400
const deafMs = 1_800

/**
 * The fate of a call of a sink: it works, it fails, it hangs until interrupted, or it hangs,
 * ignores the interruption and goes on later.
 */
type Mishap = 'none' | 'fail' | 'hang' | 'hang-deaf'

const shares: readonly (readonly [Mishap, number])[] = [
  ['fail', 0.03],
  ['hang', 0.008],
  ['hang-deaf', 0.004],
]
const reluctance = 0.002

/** The mishaps of the sinks of one process. */
export class Mishaps {
  /** Whether random mishaps have ended. */
  isCalm: boolean
  /** Whether poison has lost its effect. */
  isPoisonLifted: boolean

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

  /** Whether one event is refused this time. */
  isReluctant(): boolean {
    return !this.isCalm && Math.random() < reluctance
  }

  /**
   * Plays the fate of a call. Throws when the call must fail; returns the signal that the rest of
   * the call obeys, which a deaf call does not receive.
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
    throw new Error('the sink was told to stop')
  }

  #draw(): Mishap {
    let left = this.isCalm ? 1 : Math.random()
    return shares.find(([, share]) => (left -= share) < 0)?.[0] ?? 'none'
  }
}
