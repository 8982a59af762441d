import { err, ok } from '@headwater/core'
import type { Failure, Json, OutboxEvent, Result } from '@headwater/core'

/** An event as it arrives from a broker: as it was published, with its source. */
export interface ReceivedEvent extends OutboxEvent {
  /** The `source` that the sink was given: the application that published it. */
  readonly source: string
}

/** A message that is no event of these sinks. */
export type MessageUnreadable = Failure<'message-unreadable'>

/** The attributes of a CloudEvent by name, all as text. */
export type Attributes = Record<string, string>

/** Digits of the largest position in the log, so that texts sort as their numbers. */
const sequenceDigits = 19

/** Attributes that are no header of the event, and names that CloudEvents keeps for itself. */
const ownNames: ReadonlySet<string> = new Set([
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'time',
  'datacontenttype',
  'dataschema',
  'data',
  'aggregatetype',
  'aggregateversion',
  'sequence',
  'headers',
])

/**
 * The attributes of an event as a CloudEvent 1.0, but for `datacontenttype`, which each broker
 * keeps in its own place; the data is the payload as JSON. `subject` is the aggregate's id. The
 * extensions are `aggregatetype`, `aggregateversion` and `sequence`, the position in the log, whose
 * texts sort as their numbers.
 *
 * Headers become extensions by their own names, such as `traceparent`, where CloudEvents permits
 * the name; all others stand together in the extension `headers`, as JSON.
 */
export function cloudEventAttributes(event: OutboxEvent, source: string): Attributes {
  const attributes: Attributes = {
    specversion: '1.0',
    id: event.id,
    source,
    type: event.type,
    subject: event.aggregateId,
    time: event.createdAt.toISOString(),
    aggregatetype: event.aggregateType,
    aggregateversion: String(event.version),
    sequence: String(event.seq).padStart(sequenceDigits, '0'),
  }
  const others: Attributes = {}
  for (const [name, value] of Object.entries(event.headers))
    (isExtension(name, value) ? attributes : others)[name] = value
  if (Object.keys(others).length > 0) attributes['headers'] = JSON.stringify(others)
  return attributes
}

/** Names are at most 20 lower-case letters and digits, values are never empty. */
function isExtension(name: string, value: string): boolean {
  return value !== '' && /^[a-z0-9]{1,20}$/.test(name) && !ownNames.has(name)
}

/** Reads what {@link cloudEventAttributes} wrote, and the data, which is JSON. */
export function readCloudEvent(
  attributes: Readonly<Attributes>,
  data: string,
): Result<ReceivedEvent, MessageUnreadable> {
  const read = (name: string): string => {
    const value = attributes[name]
    if (value === undefined) throw new SyntaxError(`it has no attribute "${name}"`)
    return value
  }
  try {
    if (read('specversion') !== '1.0') throw new SyntaxError('its "specversion" is not 1.0')
    return ok({
      id: read('id'),
      source: read('source'),
      type: read('type'),
      aggregateType: read('aggregatetype'),
      aggregateId: read('subject'),
      version: Number(digitsOf(read('aggregateversion'))),
      seq: BigInt(digitsOf(read('sequence'))),
      createdAt: dateOf(read('time')),
      headers: headersOf(attributes),
      payload: JSON.parse(data) as Json,
    })
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : String(error)
    const message = `the message is no event of a Headwater sink: ${reason}`
    return err({ type: 'message-unreadable', message, retryable: false })
  }
}

function digitsOf(text: string): string {
  if (!/^\d{1,19}$/.test(text)) throw new SyntaxError(`expected a whole number, got "${text}"`)
  return text
}

function dateOf(text: string): Date {
  const date = new Date(text)
  if (Number.isNaN(date.getTime())) throw new SyntaxError(`expected a time, got "${text}"`)
  return date
}

function headersOf(attributes: Readonly<Attributes>): Readonly<Record<string, string>> {
  const extensions = Object.entries(attributes).filter(([name]) => !ownNames.has(name))
  const others = attributes['headers']
  return {
    ...Object.fromEntries(extensions),
    ...(others !== undefined && (JSON.parse(others) as Attributes)),
  }
}

/**
 * Names the aggregate of an event within a process.
 *
 * @internal
 */
export function aggregateOf(event: Pick<OutboxEvent, 'aggregateType' | 'aggregateId'>): string {
  return `${event.aggregateType}\0${event.aggregateId}`
}
