import type { Consumer, JsMsg } from '@nats-io/jetstream'
import { once, option, strictOptions } from '@headwater/core'
import type { Stores } from '@headwater/core'
import { consumeRules, type ConsumeOptions } from '../consume/consume-options.ts'
import { startConsuming, type Consumption, type Source } from '../consume/consumption.ts'
import type { InHand } from '../consume/in-hand.ts'
import type { Message } from '../consume/message.ts'
import { orAborted, pause } from '../consume/pause.ts'
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
 * Order per aggregate is kept while one process consumes. With several, create the consumer with
 * `max_ack_pending: 1`, or one consumer for each part of the subjects.
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
const nanosPerMs = 1_000_000

class NatsSource implements Source {
  readonly #consumer: Consumer
  readonly #held = new Set<JsMsg>()

  constructor(consumer: Consumer) {
    this.#consumer = consumer
  }

  async receive(inHand: InHand, signal: AbortSignal): Promise<void> {
    const found = await orAborted(this.#consumer.info(), signal)
    if (found === undefined) return
    const ackWaitMs = (found.value.config.ack_wait ?? 30_000 * nanosPerMs) / nanosPerMs
    const beat = setInterval(() => {
      for (const message of this.#held) message.working()
    }, ackWaitMs / 3)
    try {
      while (!signal.aborted) await this.#fetch(inHand, signal)
      await inHand.drained()
    } finally {
      clearInterval(beat)
    }
  }

  async #fetch(inHand: InHand, signal: AbortSignal): Promise<void> {
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
        this.#held.add(message)
        inHand.take(this.#inHand(message))
      }
    } finally {
      signal.removeEventListener('abort', stop)
    }
    if (performance.now() - startedAt < pauseMs && inHand.count === 0) await pause(pauseMs, signal)
  }

  #inHand(message: JsMsg): Message {
    const settled = (): JsMsg => {
      this.#held.delete(message)
      return message
    }
    return {
      event: readNatsMessage({ headers: message.headers, text: message.string() }),
      earlierDeliveries: message.info.deliveryCount - 1,
      acknowledge: () => settled().ack(),
      refuse: (reason) => settled().term(reason),
      release: () => settled().nak(),
    }
  }
}
