import { setTimeout } from 'node:timers/promises'
import { between } from '../run/chance.ts'
import type { Faults } from './faults.ts'
import type { FaultWindow } from './judge.ts'
import { nowNs } from './ledger.ts'
import type { Play } from './play.ts'

const shortestQuietMs = 150
const longestQuietMs = 1_200
const beatMs = 20
/** A pause of this process in which a command may have missed its deadline of 100 ms. */
const stallMs = 70

/** Plays one fault after the other, with pauses between them, and records when. */
export class Chaos {
  readonly windows: FaultWindow[] = []
  readonly #faults: Faults
  readonly #ending = new AbortController()

  constructor(faults: Faults) {
    this.#faults = faults
  }

  /** Plays faults for `ms` milliseconds; the last one is over when it resolves. */
  async run(ms: number): Promise<void> {
    const beside = this.#faults.beside?.(this.#ending.signal) ?? Promise.resolve()
    const beating = this.#beat()
    try {
      await this.#playFor(ms)
    } finally {
      this.#ending.abort()
    }
    await Promise.all([beside, beating])
  }

  async #playFor(ms: number): Promise<void> {
    const end = nowNs() + ms * 1e6
    const { opening } = this.#faults
    if (opening !== undefined) await this.#play(opening)
    while (nowNs() < end) {
      await setTimeout(
        Math.min(between(shortestQuietMs, longestQuietMs), Math.max(0, (end - nowNs()) / 1e6)),
      )
      if (nowNs() < end) await this.#play(this.#faults.next())
    }
  }

  async #play({ fault, slot, isOfRedis = true, run }: Play): Promise<void> {
    const from = nowNs()
    await run()
    this.windows.push({ fault, process: slot?.name, isOfRedis, from, to: nowNs() })
  }

  /** Records pauses of this process: the proxies live in it, so no process reaches Redis then. */
  async #beat(): Promise<void> {
    let from = nowNs()
    while (!this.#ending.signal.aborted) {
      await setTimeout(beatMs)
      const to = nowNs()
      if (to - from > (beatMs + stallMs) * 1e6)
        this.windows.push({
          fault: 'the machine was busy',
          process: undefined,
          isOfRedis: true,
          from,
          to,
        })
      from = to
    }
  }
}
