import { aggregateOf, type ReceivedEvent } from '../envelope/cloud-event.ts'
import { attempt } from './attempt.ts'
import type { ConsumeSettings } from './consume-options.ts'
import type { Message } from './message.ts'
import { pause } from './pause.ts'
import { Slots } from './slots.ts'

const firstBackOffMs = 100
const betweenRefusalsMs = 1_000

/**
 * The messages that a consumer has in hand. Those of one aggregate are handled one after the other,
 * in the order in which they were taken: while one is tried again, the later ones wait and other
 * aggregates go on.
 */
export class InHand {
  readonly #settings: ConsumeSettings
  readonly #signal: AbortSignal
  readonly #slots: Slots
  readonly #lanes = new Map<string, Promise<void>>()
  #count = 0
  #wake: (() => void) | undefined

  /** After an abort of `signal` no event is begun, and those that wait are released. */
  constructor(settings: ConsumeSettings, signal: AbortSignal) {
    this.#settings = settings
    this.#signal = signal
    this.#slots = new Slots(settings.concurrency)
    signal.addEventListener('abort', () => this.#wake?.(), { once: true })
  }

  /** Messages that are not settled. */
  get count(): number {
    return this.#count
  }

  /** Takes a message of the broker and settles it, sooner or later. */
  take(message: Message): void {
    const lane = laneOf(message)
    const before = this.#lanes.get(lane) ?? Promise.resolve()
    this.#count += 1
    const done = before.then(async () => {
      await this.#settle(message)
      this.#count -= 1
      if (this.#lanes.get(lane) === done) this.#lanes.delete(lane)
      this.#wake?.()
    })
    this.#lanes.set(lane, done)
  }

  /** Waits until fewer than `limit` messages are in hand, and returns how many more may come. */
  async room(limit = this.#settings.maxInHand): Promise<number> {
    while (this.#count >= limit && !this.#signal.aborted)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    return limit - this.#count
  }

  /** Waits until nothing is in hand. */
  async drained(): Promise<void> {
    while (this.#lanes.size > 0) await Promise.all(this.#lanes.values())
  }

  async #settle(message: Message): Promise<void> {
    const { event, earlierDeliveries } = message
    const way = event.isOk()
      ? await this.#handle(event.value, earlierDeliveries)
      : this.#dead('', event.error)
    await this.#tell(message, way)
  }

  async #handle(event: ReceivedEvent, earlierDeliveries: number): Promise<Way> {
    const { maxAttempts, maxBackOffMs, consumer, stores } = this.#settings
    let mistakes = earlierDeliveries
    for (let backOffMs = firstBackOffMs; !this.#signal.aborted; backOffMs *= 2) {
      const outcome = await this.#slots.run(async () =>
        this.#signal.aborted ? undefined : attempt(this.#settings, event, { signal: this.#signal }),
      )
      if (outcome === undefined) break
      if (outcome.kind !== 'failed') return { kind: 'acknowledge' }
      const { failure, isMistake } = outcome
      if (isMistake) mistakes += 1
      const isLost = !failure.retryable && (!isMistake || mistakes >= maxAttempts)
      if (isLost) return this.#dead(event.id, failure)
      stores.diagnostics.emit('consume:failed', { consumer, eventId: event.id, error: failure })
      await pause(Math.min(backOffMs, maxBackOffMs), this.#signal)
    }
    return { kind: 'release' }
  }

  #dead(eventId: string, failure: { readonly message: string }): Way {
    const { stores, consumer } = this.#settings
    stores.diagnostics.emit('consume:dead', { consumer, eventId, error: failure })
    return { kind: 'refuse', reason: failure.message }
  }

  async #tell(message: Message, way: Way): Promise<void> {
    // Any other settlement that is lost costs another delivery, which the inbox knows.
    const isRepeated = way.kind === 'refuse'
    do {
      try {
        await (way.kind === 'refuse' ? message.refuse(way.reason) : message[way.kind]())
        return
      } catch (error) {
        const { stores, consumer, maxBackOffMs } = this.#settings
        stores.diagnostics.emit('consume:error', { consumer, error })
        if (isRepeated) await pause(Math.min(betweenRefusalsMs, maxBackOffMs), this.#signal)
      }
    } while (isRepeated && !this.#signal.aborted)
  }
}

type Way =
  | { readonly kind: 'acknowledge' | 'release' }
  | { readonly kind: 'refuse'; readonly reason: string }

function laneOf({ lane, event }: Message): string {
  if (lane !== undefined) return lane
  return event.isOk() ? aggregateOf(event.value) : ''
}
