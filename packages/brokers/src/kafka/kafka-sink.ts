import * as z from 'zod/mini'
import { allDelivered, checkOptions, err, ok, once, option, strictOptions } from '@headwater/core'
import type { OutboxEvent, Result, Sink, SinkFailure, SinkReport } from '@headwater/core'
import { orAborted } from '../consume/pause.ts'
import { brokerSink, sinkRules, type BrokerSinkOptions } from '../delivery/broker-sink.ts'
import { away } from '../delivery/not-taken.ts'
import { readKafkaError } from './kafka-failure.ts'
import { kafkaRecordOf, type KafkaRecord } from './kafka-message.ts'

/** The part of a `Producer` of `@platformatic/kafka` that is used; one without serializers. */
export interface KafkaProducer {
  /** Resolves when all in-sync replicas have the records. */
  send(options: { messages: KafkaRecord[]; acks: number; idempotent: boolean }): Promise<unknown>
}

/** Options of {@link kafkaSink}. */
export interface KafkaSinkOptions extends BrokerSinkOptions {
  /** A producer of the host, which also closes it; make it with `idempotent: true`. */
  readonly producer: KafkaProducer
  /**
   * The topic of an event.
   *
   * @defaultValue `outbox.event.` and the aggregate's type, as Debezium's outbox router has it
   */
  readonly topic?: (event: OutboxEvent) => string
}

/** The defaults of {@link KafkaSinkOptions}. */
export const kafkaSinkDefaults = {
  name: 'kafka',
  topic: ({ aggregateType }: OutboxEvent): string => `outbox.event.${aggregateType}`,
} as const satisfies Partial<KafkaSinkOptions>

const allReplicas = -1

/**
 * Takes events to topics of Kafka, as CloudEvents in binary mode. The key is the aggregate's id, so
 * that its events lie in one partition, in order. An event counts as delivered when all in-sync
 * replicas have it (`acks: all`); the idempotent producer keeps its own retries from repeating or
 * reordering it. A batch that is sent again as a whole is repeated: consumers go by the id.
 *
 * What Kafka refuses, for instance a record that is too large or a topic that does not exist,
 * becomes a dead letter: the relay halves the batch until it has found it. While Kafka is away the
 * sink rests.
 *
 * @throws InvalidOptions when an option breaks a rule.
 * @example
 * ```ts
 * const producer = new Producer({ clientId: 'shop', bootstrapBrokers, idempotent: true })
 * const sink = kafkaSink({ producer, source: '/shop' })
 * createRelay(stores, { sinks: [sink] }).start()
 * ```
 */
export function kafkaSink(options: KafkaSinkOptions): Sink {
  const { producer, topic, ...shared } = {
    ...kafkaSinkDefaults,
    ...checkOptions('kafkaSink', kafkaSinkSchema(), options),
  }
  const { source } = shared
  return brokerSink(shared, (events, signal) => {
    const messages = events.map((event) => kafkaRecordOf(event, { topic: topic(event), source }))
    return send(producer, messages, signal)
  })
}

const kafkaSinkSchema = once(() =>
  strictOptions<KafkaSinkOptions>({
    ...sinkRules(),
    producer: option.object(),
    topic: z.optional(option.function()),
  }),
)

async function send(
  producer: KafkaProducer,
  messages: KafkaRecord[],
  signal: AbortSignal,
): Promise<Result<SinkReport, SinkFailure>> {
  try {
    const sending = producer.send({ messages, acks: allReplicas, idempotent: true })
    const sent = await orAborted(sending, signal)
    if (sent === undefined) return err(away('Kafka has not confirmed the batch in time').failure)
    return ok(allDelivered)
  } catch (error) {
    return err(readKafkaError(error).failure)
  }
}
