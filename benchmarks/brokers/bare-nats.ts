import type { JetStreamClient } from '@nats-io/jetstream'
import { headers } from '@nats-io/transport-node'
import type { Client } from 'pg'
import { subjectPrefix } from './nats-fixture.ts'

/** An event as a program that publishes by hand has it in memory. */
export interface PlainEvent {
  readonly id: string
  readonly seq: string
  readonly aggregatetype: string
  readonly aggregateid: string
  readonly type: string
  readonly version: string
  readonly created_at: Date
  readonly payload: unknown
}

/** Reads all events of the log at once, before the clock starts. */
export async function readLog(client: Client): Promise<readonly PlainEvent[]> {
  const { rows } = await client.query<PlainEvent>(`
    SELECT id, seq, aggregatetype, aggregateid, type, version, created_at, payload
    FROM outbox ORDER BY seq`)
  return rows
}

/** How one event is published by hand. */
export type PublishOne = (client: JetStreamClient, event: PlainEvent) => Promise<unknown>

/** The same message as ours: the CloudEvent's attributes as headers, and the id to dedupe by. */
export const publishWhole: PublishOne = (client, event) => {
  const own = headers()
  own.set('ce-specversion', '1.0')
  own.set('ce-id', event.id)
  own.set('ce-source', '/bench')
  own.set('ce-type', event.type)
  own.set('ce-subject', event.aggregateid)
  own.set('ce-time', event.created_at.toISOString())
  own.set('ce-datacontenttype', 'application/json')
  own.set('ce-aggregatetype', event.aggregatetype)
  own.set('ce-aggregateversion', event.version)
  own.set('ce-sequence', event.seq.padStart(19, '0'))
  return client.publish(subjectOf(event), JSON.stringify(event.payload), {
    msgID: event.id,
    headers: own,
  })
}

/** The payload and the id to dedupe by, without the envelope. */
export const publishPayload: PublishOne = (client, event) =>
  client.publish(subjectOf(event), JSON.stringify(event.payload), { msgID: event.id })

function subjectOf({ aggregatetype, aggregateid }: PlainEvent): string {
  return `${subjectPrefix}.${aggregatetype}.${aggregateid}`
}

/**
 * Publishes events in batches, each of them side by side, and waits for the confirmations of a
 * batch before the next. Nothing is kept of what was confirmed, and no order is promised.
 */
export async function publishAll(
  client: JetStreamClient,
  {
    events,
    batchSize,
    publish,
  }: {
    readonly events: readonly PlainEvent[]
    readonly batchSize: number
    readonly publish: PublishOne
  },
): Promise<void> {
  for (let start = 0; start < events.length; start += batchSize)
    await Promise.all(events.slice(start, start + batchSize).map((event) => publish(client, event)))
}
