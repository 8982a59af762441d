import type { ChannelModel, RecoveringChannelModel } from 'amqplib'
import * as z from 'zod/mini'
import { checkOptions, err, once, option, strictOptions } from '@headwater/core'
import type { OutboxEvent, Result, Sink, SinkFailure, SinkReport } from '@headwater/core'
import { orAborted } from '../consume/pause.ts'
import { brokerSink, sinkRules, type BrokerSinkOptions } from '../delivery/broker-sink.ts'
import { away, wordsOf, type NotTaken } from '../delivery/not-taken.ts'
import { sendByAggregate } from '../delivery/send-by-aggregate.ts'
import { Confirms } from './confirms.ts'
import { rabbitmqPropertiesOf } from './rabbitmq-message.ts'

/**
 * A connection of amqplib. One that recovers, `connect(url, { recovery: true })`, survives the
 * broker; any other ends with it.
 */
export type RabbitmqConnection = ChannelModel | RecoveringChannelModel

/** Options of {@link rabbitmqSink}. */
export interface RabbitmqSinkOptions extends BrokerSinkOptions {
  /** A connection of the host, which also closes it. */
  readonly connection: RabbitmqConnection
  /** The exchange that receives the events; it must exist. */
  readonly exchange: string
  /**
   * The routing key of an event.
   *
   * @defaultValue its type: `course.published`
   */
  readonly routingKey?: (event: OutboxEvent) => string
}

/** The defaults of {@link RabbitmqSinkOptions}. */
export const rabbitmqSinkDefaults = {
  name: 'rabbitmq',
  routingKey: ({ type }: OutboxEvent): string => type,
} as const satisfies Partial<RabbitmqSinkOptions>

/**
 * Takes events to an exchange of RabbitMQ, as CloudEvents in binary mode, persistent, on a channel
 * with confirms. An event counts as delivered when every queue it was routed to has it. `messageId`
 * is its id. Events of one aggregate are sent one after the other.
 *
 * A message that no queue takes or that is too large becomes a dead letter. One that is nacked is
 * sent again later, since a full queue nacks. While RabbitMQ or the exchange is away, the sink
 * rests.
 *
 * @throws InvalidOptions when an option breaks a rule.
 * @example
 * ```ts
 * const connection = await connect(url, { recovery: true })
 * const sink = rabbitmqSink({ connection, exchange: 'events', source: '/shop' })
 * createRelay(stores, { sinks: [sink] }).start()
 * ```
 */
export function rabbitmqSink(options: RabbitmqSinkOptions): Sink {
  const { connection, exchange, routingKey, ...shared } = {
    ...rabbitmqSinkDefaults,
    ...checkOptions('rabbitmqSink', rabbitmqSinkSchema(), options),
  }
  const publisher = new Publisher(connection)
  return brokerSink(shared, (events, signal) =>
    publisher.sendAll(events, {
      signal,
      send: (event, confirms) =>
        confirms.publish({
          exchange,
          routingKey: routingKey(event),
          content: Buffer.from(JSON.stringify(event.payload)),
          properties: { ...rabbitmqPropertiesOf(event, shared.source), messageId: event.id },
        }),
    }),
  )
}

const rabbitmqSinkSchema = once(() =>
  strictOptions<RabbitmqSinkOptions>({
    ...sinkRules(),
    connection: option.object(),
    exchange: option.text(),
    routingKey: z.optional(option.function()),
  }),
)

interface Sending {
  readonly signal: AbortSignal
  readonly send: (event: OutboxEvent, confirms: Confirms) => Promise<NotTaken | undefined>
}

/** Sends batches on one channel, which it opens again after it was closed. */
class Publisher {
  readonly #connection: RabbitmqConnection
  #confirms: Confirms | undefined
  #opening: Promise<Confirms | NotTaken> | undefined

  constructor(connection: RabbitmqConnection) {
    this.#connection = connection
  }

  async sendAll(
    events: readonly OutboxEvent[],
    { signal, send }: Sending,
  ): Promise<Result<SinkReport, SinkFailure>> {
    const late = away('RabbitMQ has not confirmed the batch in time')
    const opened = await orAborted(this.#ready(), signal)
    if (opened === undefined) return err(late.failure)
    if ('of' in opened.value) return err(opened.value.failure)
    const confirms = opened.value
    return sendByAggregate(events, async (event) => {
      const sent = await orAborted(send(event, confirms), signal)
      if (sent !== undefined) return sent.value
      // The batch is sent again, with the same ids.
      if (confirms.isOpen) confirms.abandon()
      return late
    })
  }

  /** One at a time: a connection that recovers opens every channel that was asked for. */
  async #ready(): Promise<Confirms | NotTaken> {
    if (this.#confirms?.isOpen === true) return this.#confirms
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #open(): Promise<Confirms | NotTaken> {
    try {
      this.#confirms = new Confirms(await this.#connection.createConfirmChannel())
      return this.#confirms
    } catch (error) {
      return away(`RabbitMQ gives no channel: ${wordsOf(error)}`, error)
    }
  }
}
