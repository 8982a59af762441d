import { setTimeout } from 'node:timers/promises'

/** How long a sink may take for a batch, in milliseconds. */
export const sinkTimeoutMs = 400
const deafMs = 1_800

/**
 * What goes wrong with a call of a sink: nothing, it fails, it hangs until it is told to stop, or
 * hangs without hearing that and goes on later.
 */
type Mishap = 'none' | 'fail' | 'hang' | 'hang-deaf'

const shares: readonly (readonly [Mishap, number])[] = [
  ['fail', 0.03],
  ['hang', 0.008],
  ['hang-deaf', 0.004],
]
const reluctance = 0.002

/** The bad luck of the sinks of one process, until it ends. */
export class Mishaps {
  /** Whether nothing goes wrong by chance any more. */
  isCalm: boolean
  /** Whether poisoned events hurt no more. */
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

  /** Whether one event is not taken this time. */
  isReluctant(): boolean {
    return !this.isCalm && Math.random() < reluctance
  }

  /**
   * Plays what goes wrong with a call. Throws when the call must fail; gives back the signal that
   * the rest of it obeys, which one that was deaf does not hear either.
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
