import type { Channel, ConsumeMessage } from 'amqplib'
import { once, option, strictOptions } from '@headwater/core'
import type { Stores } from '@headwater/core'
import { consumeRules, type ConsumeOptions } from '../consume/consume-options.ts'
import { startConsuming, type Consumption, type Source } from '../consume/consumption.ts'
import type { InHand } from '../consume/in-hand.ts'
import type { Message } from '../consume/message.ts'
import { orAborted } from '../consume/pause.ts'
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
 * Order per aggregate is kept while one process consumes: declare the queue with
 * `x-single-active-consumer`.
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
}

class QueueSource implements Source {
  readonly #deps: QueueSourceDeps

  constructor(deps: QueueSourceDeps) {
    this.#deps = deps
  }

  async receive(inHand: InHand, signal: AbortSignal): Promise<void> {
    const { connection, queue, maxInHand } = this.#deps
    const opening = connection.createChannel()
    const opened = await orAborted(opening, signal)
    if (opened === undefined) {
      // A channel that opens after all is not left behind.
      void opening.then((late) => late.close()).catch(() => undefined)
      return
    }
    const channel = opened.value
    const ended = new End(channel)
    await channel.prefetch(maxInHand)
    const { consumerTag } = await channel.consume(queue, (message) => {
      if (message === null) ended.reject(new Error(`RabbitMQ cancelled the consumer of ${queue}`))
      else inHand.take(inHandOf(channel, { message, ended }))
    })
    await orAborted(ended.promise, signal)
    await channel.cancel(consumerTag)
    await inHand.drained()
    await channel.close()
  }
}

/** The end of a channel. */
class End {
  /** Rejects with the reason. */
  readonly promise: Promise<never>
  readonly reject: (error: Error) => void
  #hasEnded = false

  constructor(channel: Channel) {
    const { promise, reject } = Promise.withResolvers<never>()
    this.promise = promise
    this.reject = reject
    // It may end while nobody waits for it.
    promise.catch(() => undefined)
    channel.on('error', reject)
    channel.on('close', () => {
      this.#hasEnded = true
      reject(new Error('the channel to RabbitMQ was lost'))
    })
  }

  /** Does nothing after the end: RabbitMQ has taken back what was not settled. */
  unless(settle: () => void): void {
    if (!this.#hasEnded) settle()
  }
}

function inHandOf(
  channel: Channel,
  { message, ended }: { readonly message: ConsumeMessage; readonly ended: End },
): Message {
  // Quorum queues count; others only say whether it is the first time.
  const count: unknown = message.properties.headers?.['x-delivery-count']
  return {
    event: readRabbitmqMessage(message),
    earlierDeliveries: typeof count === 'number' ? count : 0,
    acknowledge: () => {
      ended.unless(() => channel.ack(message))
    },
    refuse: () => {
      ended.unless(() => channel.nack(message, false, false))
    },
    release: () => {
      ended.unless(() => channel.nack(message, false, true))
    },
  }
}
