import type { OutboxEvent, Result } from '@headwater/core'
import {
  cloudEventAttributes,
  readCloudEvent,
  type Attributes,
  type MessageUnreadable,
  type ReceivedEvent,
} from '../envelope/cloud-event.ts'

const prefix = 'ce_'

/** A record as `producer.send` takes it. */
export interface KafkaRecord {
  /** Where it goes. */
  readonly topic: string
  /** The aggregate's id, which chooses the partition. */
  readonly key: Buffer
  /** The payload, as JSON. */
  readonly value: Buffer
  /** The attributes of the CloudEvent, and `id`. */
  readonly headers: Map<Buffer, Buffer>
}

/**
 * The record of an event in binary mode, as the Kafka binding of CloudEvents has it. Its key is the
 * aggregate's id, and it has the header `id` besides, so that consumers of Debezium's outbox router
 * find both where they were.
 */
export function kafkaRecordOf(
  event: OutboxEvent,
  { topic, source }: { readonly topic: string; readonly source: string },
): KafkaRecord {
  const headers = new Map<Buffer, Buffer>()
  const add = (name: string, value: string): void => {
    headers.set(Buffer.from(name), Buffer.from(value))
  }
  add('content-type', 'application/json')
  add('id', event.id)
  for (const [name, value] of Object.entries(cloudEventAttributes(event, source)))
    add(prefix + name, value)
  return {
    topic,
    key: Buffer.from(event.aggregateId),
    value: Buffer.from(JSON.stringify(event.payload)),
    headers,
  }
}

/** Reads a record of {@link kafkaRecordOf}, whether a consumer has texts or buffers. */
export function readKafkaRecord({
  headers,
  value,
}: {
  readonly headers: ReadonlyMap<unknown, unknown>
  readonly value: unknown
}): Result<ReceivedEvent, MessageUnreadable> {
  const attributes: Attributes = {}
  for (const [key, text] of headers) {
    const name = String(key)
    if (name.startsWith(prefix)) attributes[name.slice(prefix.length)] = String(text)
  }
  return readCloudEvent(attributes, String(value))
}
