import * as z from 'zod/mini'
import { checkOptions, err, ok, once, option, strictOptions } from '@headwater/core'
import type { OutboxEvent, Result, Sink, SinkFailure, SinkReport } from '@headwater/core'
import { orAborted } from '../consume/pause.ts'
import { brokerSink, sinkRules, type BrokerSinkOptions } from '../delivery/broker-sink.ts'
import { away, type NotTaken } from '../delivery/not-taken.ts'
import { aggregateOf } from '../envelope/cloud-event.ts'
import { readKafkaError, readTopicError } from './kafka-failure.ts'
import { kafkaRecordOf, type KafkaRecord } from './kafka-message.ts'

/** The part of a `Producer` of `@platformatic/kafka` that is used; one without serializers. */
export interface KafkaProducer {
  /** Resolves when Kafka has the topics, and their partitions have leaders. */
  metadata(options: { topics: string[]; retries: number }): Promise<unknown>
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
 * What Kafka refuses, for instance a record that is too large, becomes a dead letter: the relay
 * halves the batch until it has found it. The events of a topic that does not exist wait, and
 * others go on. While Kafka is away the sink rests.
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
  return brokerSink(shared, async (events, signal) => {
    const addressed = events.map((event) => ({ event, topic: topic(event) }))
    const missing = await orAborted(missingTopics(producer, addressed), signal)
    if (missing === undefined) return late
    const batch = { addressed, source, missing: missing.value }
    const sent = await orAborted(sendAll(producer, batch), signal)
    return sent?.value ?? late
  })
}

const late = err(away('Kafka has not confirmed the batch in time').failure)

const kafkaSinkSchema = once(() =>
  strictOptions<KafkaSinkOptions>({
    ...sinkRules(),
    producer: option.object(),
    topic: z.optional(option.function()),
  }),
)

interface Addressed {
  readonly event: OutboxEvent
  readonly topic: string
}

/**
 * Asks the client for each topic: an idempotent producer would try a whole batch again without end
 * because of one topic that is missing.
 */
async function missingTopics(
  producer: KafkaProducer,
  addressed: readonly Addressed[],
): Promise<MissingTopics> {
  const missing = new Map<string, NotTaken>()
  const ask = async (topic: string): Promise<void> => {
    try {
      await producer.metadata({ topics: [topic], retries: 0 })
    } catch (error) {
      missing.set(topic, readTopicError(topic, error))
    }
  }
  await Promise.all([...new Set(addressed.map(({ topic }) => topic))].map(ask))
  return missing
}

type MissingTopics = ReadonlyMap<string, NotTaken>

interface Batch {
  readonly addressed: readonly Addressed[]
  readonly missing: MissingTopics
  readonly source: string
}

/** Sends those whose topics are there. */
async function sendAll(
  producer: KafkaProducer,
  { addressed, missing, source }: Batch,
): Promise<Result<SinkReport, SinkFailure>> {
  const isAway = [...missing.values()].find((notTaken) => notTaken.of === 'batch')
  if (isAway !== undefined) return err(isAway.failure)
  const { failed, sent } = withoutMissing(addressed, missing)
  if (sent.length === 0) return ok({ failed })
  const messages = sent.map(({ event, topic }) => kafkaRecordOf(event, { topic, source }))
  try {
    await producer.send({ messages, acks: allReplicas, idempotent: true })
    return ok({ failed })
  } catch (error) {
    return err(readKafkaError(error).failure)
  }
}

/** Of an aggregate whose event cannot be sent, no later one is sent either, whatever its topic. */
function withoutMissing(
  addressed: readonly Addressed[],
  missing: MissingTopics,
): { readonly failed: SinkReport['failed']; readonly sent: readonly Addressed[] } {
  const failed = new Map<string, SinkReport['failed'][number]>()
  const sent = addressed.filter(({ event, topic }) => {
    const aggregate = aggregateOf(event)
    const notTaken = missing.get(topic)
    if (notTaken !== undefined && !failed.has(aggregate))
      failed.set(aggregate, { id: event.id, failure: notTaken.failure })
    return !failed.has(aggregate)
  })
  return { failed: [...failed.values()], sent }
}
