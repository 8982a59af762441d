import type { Message as AmqpMessage, Options } from 'amqplib'
import type { OutboxEvent, Result } from '@headwater/core'
import {
  cloudEventAttributes,
  readCloudEvent,
  type Attributes,
  type MessageUnreadable,
  type ReceivedEvent,
} from '../envelope/cloud-event.ts'

const prefix = 'cloudEvents:'

/** The properties of an event in binary mode, as the AMQP binding of CloudEvents has them. */
export function rabbitmqPropertiesOf(event: OutboxEvent, source: string): Options.Publish {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(cloudEventAttributes(event, source)))
    headers[prefix + name] = value
  return {
    headers,
    messageId: event.id,
    type: event.type,
    timestamp: Math.floor(event.createdAt.getTime() / 1_000),
    contentType: 'application/json',
    persistent: true,
    mandatory: true,
  }
}

/** Reads a message of {@link rabbitmqPropertiesOf}. */
export function readRabbitmqMessage({
  content,
  properties,
}: Pick<AmqpMessage, 'content' | 'properties'>): Result<ReceivedEvent, MessageUnreadable> {
  const attributes: Attributes = {}
  const headers = Object.entries<unknown>(properties.headers ?? {})
  for (const [name, value] of headers)
    if (name.startsWith(prefix)) attributes[name.slice(prefix.length)] = String(value)
  return readCloudEvent(attributes, content.toString('utf8'))
}
