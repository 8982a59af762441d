import { err, ok, type Stores } from '@headwater/core'
import type { ConsumeOptions } from '../../src/index.ts'
import type { MessageUnreadable, ReceivedEvent } from '../../src/index.ts'
import { RunningConsumption, type Source } from '../../src/consume/consumption.ts'
import type { InHand } from '../../src/consume/in-hand.ts'
import type { Message } from '../../src/consume/message.ts'
import { orAborted } from '../../src/consume/pause.ts'
import { logged } from '../brokers-fixture.ts'

/** A broker that delivers what a test says, and keeps how each message was settled. */
export class StandInSource implements Source {
  readonly settled: string[] = []
  /** How often refusing a message fails before it succeeds. */
  refusalsThatFail = 0
  /** Whether the broker takes acknowledgements without an answer. */
  isSilent = false
  readonly #waiting: Message[] = []
  #inHand: InHand | undefined
  readonly #lost = Promise.withResolvers<never>()

  async receive(inHand: InHand, signal: AbortSignal): Promise<void> {
    this.#inHand = inHand
    for (const message of this.#waiting.splice(0)) inHand.take(message)
    await orAborted(this.#lost.promise, signal)
    await inHand.drained()
  }

  start(stores: Stores, options: ConsumeOptions): RunningConsumption {
    return new RunningConsumption(stores, options, this)
  }

  deliver(event: ReceivedEvent, { isAgain = false, lost }: Delivered = {}): void {
    this.#take(`${event.aggregateId}:${event.version}`, {
      event: ok(event),
      isAgain,
      ...(lost && { lost }),
    })
  }

  deliverUnreadable(): void {
    const failure: MessageUnreadable = {
      type: 'message-unreadable',
      message: 'it is none',
      retryable: false,
    }
    this.#take('unreadable', { event: err(failure), isAgain: false })
  }

  #take(name: string, given: Pick<Message, 'event' | 'isAgain' | 'lost'>): void {
    const message: Message = {
      ...given,
      acknowledge: () => {
        if (this.isSilent) return new Promise<void>(() => undefined)
        this.settled.push(`acknowledge ${name}`)
      },
      refuse: () => {
        if (this.refusalsThatFail > 0) {
          this.refusalsThatFail -= 1
          throw new Error('the dead letters are away')
        }
        this.settled.push(`refuse ${name}`)
      },
      release: () => void this.settled.push(`release ${name}`),
    }
    if (this.#inHand === undefined) this.#waiting.push(message)
    else this.#inHand.take(message)
  }
}

interface Delivered {
  readonly isAgain?: boolean
  readonly lost?: AbortSignal
}

/** An event as it arrives. */
export function received(id: string, version: number): ReceivedEvent {
  return { ...logged(id, version), source: '/shop' }
}
