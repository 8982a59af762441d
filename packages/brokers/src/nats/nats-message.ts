import { MsgHdrsImpl } from '@nats-io/nats-core'
import type { MsgHdrs } from '@nats-io/nats-core'
import type { OutboxEvent, Result } from '@headwater/core'
import {
  cloudEventAttributes,
  readCloudEvent,
  type Attributes,
  type MessageUnreadable,
  type ReceivedEvent,
} from '../envelope/cloud-event.ts'

const prefix = 'ce-'

/**
 * The subject of an event: `events.course.5` for the prefix `events`. Characters that a part of a
 * subject cannot have are percent-encoded.
 */
export function natsSubject(
  subjectPrefix: string,
  event: Pick<OutboxEvent, 'aggregateType' | 'aggregateId'>,
): string {
  return `${subjectPrefix}.${tokenOf(event.aggregateType)}.${tokenOf(event.aggregateId)}`
}

function tokenOf(text: string): string {
  if (/^[\w-]+$/.test(text)) return text
  return encodeURIComponent(text).replace(/[.*]/g, (sign) => (sign === '.' ? '%2E' : '%2A'))
}

/**
 * The headers of an event in binary mode, as the NATS binding of CloudEvents has them, and its id
 * for the stream, which drops what it has seen within its `duplicate_window`.
 */
export function natsHeadersOf(event: OutboxEvent, source: string): MsgHdrs {
  const headers: Record<string, string[]> = {
    'Nats-Msg-Id': [event.id],
    'ce-datacontenttype': ['application/json'],
  }
  const attributes = cloudEventAttributes(event, source)
  for (const name in attributes) headers[prefix + name] = [encoded(attributes[name] ?? '')]
  return MsgHdrsImpl.fromRecord(headers)
}

/** Reads a message of {@link natsHeadersOf}. */
export function readNatsMessage({
  headers,
  text,
}: {
  readonly headers: MsgHdrs | undefined
  readonly text: string
}): Result<ReceivedEvent, MessageUnreadable> {
  const attributes: Attributes = {}
  for (const name of headers?.keys() ?? [])
    if (name.startsWith(prefix))
      attributes[name.slice(prefix.length)] = decoded(headers?.get(name) ?? '')
  return readCloudEvent(attributes, text)
}

/** Percent-encodes what a header may not have: spaces, quotes, `%`, and all but printable ASCII. */
function encoded(value: string): string {
  return value.replace(/[^\x21\x23\x24\x26-\x7e]+/gu, encodeURIComponent)
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
