import { checkOptions } from '@headwater/core'
import type { Stores } from '@headwater/core'
import { inbox } from '../inbox/inbox.ts'
import { consumeDefaults, type ConsumeOptions, type ConsumeSettings } from './consume-options.ts'
import { InHand } from './in-hand.ts'
import { pause } from './pause.ts'

/** A consumer that is running. */
export interface Consumption {
  /** Messages that are taken from the broker and not yet acknowledged. */
  readonly inHand: number
  /**
   * Stops taking messages, waits for the events that are being handled, and returns all others to
   * the broker. A broker that does not answer is waited for no longer than `timeoutMs` each time.
   * The client stays open: it is the host's. Idempotent, and called when the stores are closed.
   */
  close(): Promise<void>
}

/** The side of a broker. */
export interface Source {
  /**
   * Takes messages until the signal is aborted or the broker is lost, then waits until nothing is
   * in hand. It is called again after a pause, also when it rejects.
   */
  receive(inHand: InHand, signal: AbortSignal): Promise<void>
}

const pauseMs = 1_000

/** Consumes through every outage of the broker and of PostgreSQL, until it is closed. */
export class RunningConsumption implements Consumption {
  readonly #settings: ConsumeSettings
  readonly #closing = new AbortController()
  readonly #inHand: InHand
  readonly #forget: () => void
  readonly #running: Promise<unknown>

  constructor(stores: Stores, options: ConsumeOptions, source: Source) {
    this.#settings = { ...consumeDefaults, ...options, stores }
    this.#inHand = new InHand(this.#settings, this.#closing.signal)
    this.#forget = stores.beforeClose(() => this.close())
    this.#running = Promise.all([this.#receive(source), this.#purge()])
  }

  get inHand(): number {
    return this.#inHand.count
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#forget()
    await this.#running
  }

  async #receive(source: Source): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        await source.receive(this.#inHand, signal)
      } catch (error) {
        this.#inHand.report(error)
      }
      await pause(pauseMs, signal)
    }
    await this.#inHand.drained()
  }

  async #purge(): Promise<void> {
    const { stores, consumer, retentionMs, purgeMs } = this.#settings
    const { signal } = this.#closing
    for (;;) {
      await pause(purgeMs, signal)
      if (signal.aborted) return
      const purged = await inbox.purge(stores, { consumer, retentionMs })
      if (purged.isErr()) this.#inHand.report(purged.error)
    }
  }
}

/** A way to consume: its name, the rules of its options, and the side of its broker. */
export interface Consuming<Options extends ConsumeOptions> {
  readonly name: string
  readonly schema: Parameters<typeof checkOptions>[1]
  readonly source: (options: Options & typeof consumeDefaults) => Source
}

/** Checks the options of a consumption by the rules of its broker, and begins. */
export function startConsuming<Options extends ConsumeOptions>(
  stores: Stores,
  options: Options,
  { name, schema, source }: Consuming<Options>,
): Consumption {
  const checked = checkOptions(name, schema, options)
  return new RunningConsumption(stores, checked, source({ ...consumeDefaults, ...checked }))
}
