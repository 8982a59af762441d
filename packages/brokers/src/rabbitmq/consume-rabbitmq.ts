import type { Channel, ConsumeMessage } from 'amqplib'
import { once, option, strictOptions } from '@headwater/core'
import type { Stores } from '@headwater/core'
import { consumeRules, type ConsumeOptions } from '../consume/consume-options.ts'
import { startConsuming, type Consumption, type Source } from '../consume/consumption.ts'
import type { InHand } from '../consume/in-hand.ts'
import type { Message } from '../consume/message.ts'
import { orAborted, untilAborted, within } from '../consume/pause.ts'
import { readRabbitmqMessage } from './rabbitmq-message.ts'
import type { RabbitmqConnection } from './rabbitmq-sink.ts'

/** Options of {@link consumeRabbitmq}. */
export interface ConsumeRabbitmqOptions extends ConsumeOptions {
  /** A connection of the host, which also closes it. */
  readonly connection: RabbitmqConnection
  /** The queue; it must exist. */
  readonly queue: string
}

/**
 * Handles the events of a queue of RabbitMQ, each once: an event is acknowledged after its
 * transaction has committed. One that is given up is rejected, and goes to the queue's dead-letter
 * exchange; **a queue that has none drops it**.
 *
 * Order per aggregate is kept while one process consumes, over its crash as well: declare the queue
 * with `x-single-active-consumer`. A quorum queue gives an event up by itself after its
 * `x-delivery-limit`.
 *
 * @param stores - the consumer's own, whose schema has the table `inbox` of `brokersMigrations`
 * @throws InvalidOptions when an option breaks a rule.
 */
export function consumeRabbitmq(stores: Stores, options: ConsumeRabbitmqOptions): Consumption {
  return startConsuming(stores, options, {
    name: 'consumeRabbitmq',
    schema: consumeRabbitmqSchema(),
    source: (settings) => new QueueSource(settings),
  })
}

const consumeRabbitmqSchema = once(() =>
  strictOptions<ConsumeRabbitmqOptions>({
    ...consumeRules(),
    connection: option.object(),
    queue: option.text(),
  }),
)

interface QueueSourceDeps {
  readonly connection: RabbitmqConnection
  readonly queue: string
  readonly maxInHand: number
  readonly timeoutMs: number
}

class QueueSource implements Source {
  readonly #deps: QueueSourceDeps

  constructor(deps: QueueSourceDeps) {
    this.#deps = deps
  }

  async receive(inHand: InHand, signal: AbortSignal): Promise<void> {
    const opening = this.#deps.connection.createChannel()
    const opened = await orAborted(opening, signal)
    if (opened === undefined) {
      // A channel that opens after all is not left behind.
      void opening.then((late) => late.close()).catch(() => undefined)
      return
    }
    const delivery = new Delivery(opened.value)
    try {
      await this.#deliver(delivery, inHand, signal)
    } finally {
      delivery.end(new Error('the consumption was closed'))
      await inHand.drained()
      await delivery.close(this.#deps.timeoutMs)
    }
  }

  async #deliver(delivery: Delivery, inHand: InHand, signal: AbortSignal): Promise<void> {
    const { queue, maxInHand, timeoutMs } = this.#deps
    const { channel, ended } = delivery
    const consume = async (): Promise<string> => {
      await channel.prefetch(maxInHand)
      const { consumerTag } = await channel.consume(queue, (message) => {
        if (message === null) delivery.end(new Error(`RabbitMQ cancelled the consumer of ${queue}`))
        else inHand.take(delivery.inHandOf(message))
      })
      return consumerTag
    }
    const consumed = await orAborted(consume(), AbortSignal.any([signal, ended]))
    if (consumed !== undefined) await untilAborted(signal, ended)
    ended.throwIfAborted()
    if (consumed !== undefined)
      await within(timeoutMs, 'to cancel the consumer of RabbitMQ', () =>
        channel.cancel(consumed.value),
      )
  }
}

/** What one channel delivers, until its end. */
class Delivery {
  readonly channel: Channel
  readonly #ended = new AbortController()
  #isOpen = true

  constructor(channel: Channel) {
    this.channel = channel
    channel.on('error', (error: unknown) => {
      this.end(error)
    })
    channel.on('close', () => {
      this.#isOpen = false
      this.end(new Error('the channel to RabbitMQ was lost'))
    })
  }

  /** Aborted with the reason; what waits in hand is then returned, or was taken back. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** Ends it, with the first reason. */
  end(reason: unknown): void {
    this.#ended.abort(reason)
  }

  /** Closes the channel, which fails where it is lost. */
  async close(timeoutMs: number): Promise<void> {
    this.#isOpen = false
    const close = (): Promise<void> => this.channel.close()
    await within(timeoutMs, 'to close a channel of RabbitMQ', close).catch(() => undefined)
  }

  inHandOf(message: ConsumeMessage): Message {
    const { channel } = this
    return {
      event: readRabbitmqMessage(message),
      isAgain: message.fields.redelivered,
      lost: this.ended,
      // After the end RabbitMQ has taken back what was not settled.
      acknowledge: () => {
        if (this.#isOpen) channel.ack(message)
      },
      refuse: () => {
        if (!this.#isOpen) throw new Error('the channel to RabbitMQ was lost')
        channel.nack(message, false, false)
      },
      release: () => {
        if (this.#isOpen) channel.nack(message, false, true)
      },
    }
  }
}
