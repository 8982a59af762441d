import type { Consumer, JsMsg } from '@nats-io/jetstream'
import { once, option, strictOptions } from '@headwater/core'
import type { Stores } from '@headwater/core'
import { consumeRules, type ConsumeOptions } from '../consume/consume-options.ts'
import { startConsuming, type Consumption, type Source } from '../consume/consumption.ts'
import type { InHand } from '../consume/in-hand.ts'
import type { Message } from '../consume/message.ts'
import { orAborted, pause } from '../consume/pause.ts'
import { HeldMessages } from './held-messages.ts'
import { readNatsMessage } from './nats-message.ts'

/** Options of {@link consumeNats}. */
export interface ConsumeNatsOptions extends ConsumeOptions {
  /**
   * A durable pull consumer with explicit acknowledgement, of a connection of the host:
   * `jetstream(connection).consumers.get(stream, name)`.
   */
  readonly from: Consumer
}

/**
 * Handles the events of a JetStream consumer, each once: an event is acknowledged after its
 * transaction has committed. One that is given up is terminated, and the server announces it on
 * `$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED`; the stream keeps it.
 *
 * Order per aggregate is kept while one process consumes on a connection that is not lost. Over
 * crashes and outages, and with several processes, it is kept by a consumer with
 * `max_ack_pending: 1` only: the server delivers what was on its way again after `ack_wait`, behind
 * what came in the meantime. Create one consumer for each part of the subjects where one message at
 * a time is too slow.
 *
 * Leave `max_deliver` of the consumer as it is: an event is not delivered more often, whether or
 * not it was handled.
 *
 * @param stores - the consumer's own, whose schema has the table `inbox` of `brokersMigrations`
 * @throws InvalidOptions when an option breaks a rule.
 */
export function consumeNats(stores: Stores, options: ConsumeNatsOptions): Consumption {
  return startConsuming(stores, options, {
    name: 'consumeNats',
    schema: consumeNatsSchema(),
    source: ({ from }) => new NatsSource(from),
  })
}

const consumeNatsSchema = once(() =>
  strictOptions<ConsumeNatsOptions>({ ...consumeRules(), from: option.object() }),
)

const fetchMs = 5_000
/** A fetch that ends sooner without a message is one of a NATS that is away. */
const pauseMs = 250
/** Time before the next fetch after one that failed. */
const restMs = 1_000
const nanosPerMs = 1_000_000

class NatsSource implements Source {
  readonly #consumer: Consumer

  constructor(consumer: Consumer) {
    this.#consumer = consumer
  }

  async receive(inHand: InHand, signal: AbortSignal): Promise<void> {
    const found = await orAborted(this.#consumer.info(), signal)
    if (found === undefined) return
    const ackWaitMs = (found.value.config.ack_wait ?? 30_000 * nanosPerMs) / nanosPerMs
    const held = new HeldMessages((error) => {
      inHand.report(error)
    })
    const end = held.keep(ackWaitMs / 3)
    // What is in hand stays so while NATS is away: it can be acknowledged on the next connection.
    while (!signal.aborted) await this.#fetchOrRest({ inHand, held, signal })
    await inHand.drained()
    end()
  }

  async #fetchOrRest(fetching: Fetching): Promise<void> {
    try {
      await this.#fetch(fetching)
    } catch (error) {
      fetching.inHand.report(error)
      await pause(restMs, fetching.signal)
    }
  }

  async #fetch({ inHand, held, signal }: Fetching): Promise<void> {
    const free = await inHand.room()
    if (signal.aborted) return
    const messages = await this.#consumer.fetch({ max_messages: free, expires: fetchMs })
    const stop = (): void => {
      void messages.close()
    }
    signal.addEventListener('abort', stop, { once: true })
    const startedAt = performance.now()
    try {
      for await (const message of messages) {
        held.add(message)
        inHand.take(inHandOf(message, held))
      }
    } finally {
      signal.removeEventListener('abort', stop)
    }
    if (performance.now() - startedAt < pauseMs && inHand.count === 0) await pause(pauseMs, signal)
  }
}

interface Fetching {
  readonly inHand: InHand
  readonly held: HeldMessages
  readonly signal: AbortSignal
}

function inHandOf(message: JsMsg, held: HeldMessages): Message {
  let isTold = true
  return {
    event: readNatsMessage({ headers: message.headers, text: message.string() }),
    isAgain: message.redelivered,
    acknowledge: () => held.release(message).ack(),
    refuse: (reason) => {
      // The client does not send it a second time, and does not say so.
      if (!isTold) throw new Error('NATS was not told that the message is refused')
      isTold = false
      held.release(message).term(reason)
      isTold = true
    },
    release: () => held.release(message).nak(),
  }
}
