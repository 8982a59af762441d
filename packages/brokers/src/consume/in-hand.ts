import { aggregateOf, type ReceivedEvent } from '../envelope/cloud-event.ts'
import { Attempts } from './attempts.ts'
import type { ConsumeSettings } from './consume-options.ts'
import type { Message } from './message.ts'
import { pause, within } from './pause.ts'
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
  readonly #ends = new WeakMap<AbortSignal, AbortSignal>()
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

  /** Reports what the consumption goes on in spite of. */
  report(error: unknown): void {
    const { stores, consumer } = this.#settings
    stores.diagnostics.emit('consume:error', { consumer, error })
  }

  async #settle(message: Message): Promise<void> {
    const { event } = message
    if (event.isErr()) {
      await this.#tell(message, this.#dead('', event.error))
      return
    }
    const attempts = new Attempts(this.#settings, { event: event.value, isAgain: message.isAgain })
    const way = await this.#handle(event.value, { message, attempts })
    const isTold = await this.#tell(message, way)
    if (isTold && way.kind !== 'release') await attempts.forget()
  }

  async #handle(event: ReceivedEvent, { message, attempts }: Handling): Promise<Way> {
    const { maxBackOffMs, consumer, stores, concurrency } = this.#settings
    const signal = this.#until(message)
    const context = { signal: this.#signal }
    // What may end the process has no company whose attempts it would cost.
    const slots = message.isAgain ? concurrency : 1
    for (let backOffMs = firstBackOffMs; !signal.aborted; backOffMs *= 2) {
      const outcome = await this.#slots.run(
        async () => (signal.aborted ? undefined : attempts.next(context)),
        slots,
      )
      if (outcome === undefined) break
      if (outcome.kind !== 'failed') return { kind: 'acknowledge' }
      if (outcome.by === 'refusal') return this.#dead(event.id, outcome.failure)
      const { failure } = outcome
      stores.diagnostics.emit('consume:failed', { consumer, eventId: event.id, error: failure })
      await pause(Math.min(backOffMs, maxBackOffMs), signal)
    }
    return { kind: 'release' }
  }

  /** Aborted when nothing more is to be done for a message. */
  #until({ lost }: Message): AbortSignal {
    if (lost === undefined) return this.#signal
    // One for all messages of a channel: a signal keeps those that are made of it.
    const end = this.#ends.get(lost) ?? AbortSignal.any([this.#signal, lost])
    this.#ends.set(lost, end)
    return end
  }

  #dead(eventId: string, failure: { readonly message: string }): Way {
    const { stores, consumer } = this.#settings
    stores.diagnostics.emit('consume:dead', { consumer, eventId, error: failure })
    return { kind: 'refuse', reason: failure.message }
  }

  /** Tells the broker, within a time limit, and returns whether it was told. */
  async #tell(message: Message, way: Way): Promise<boolean> {
    const { maxBackOffMs, timeoutMs } = this.#settings
    const signal = this.#until(message)
    // Any other settlement that is lost costs another delivery, which the inbox knows.
    const isRepeated = way.kind === 'refuse'
    do {
      try {
        await within(timeoutMs, `to ${way.kind} a message`, () =>
          way.kind === 'refuse' ? message.refuse(way.reason) : message[way.kind](),
        )
        return true
      } catch (error) {
        this.report(error)
        if (isRepeated) await pause(Math.min(betweenRefusalsMs, maxBackOffMs), signal)
      }
    } while (isRepeated && !signal.aborted)
    return false
  }
}

interface Handling {
  readonly message: Message
  readonly attempts: Attempts
}

type Way =
  | { readonly kind: 'acknowledge' | 'release' }
  | { readonly kind: 'refuse'; readonly reason: string }

function laneOf({ lane, event }: Message): string {
  if (lane !== undefined) return lane
  return event.isOk() ? aggregateOf(event.value) : ''
}
