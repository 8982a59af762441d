import { quoteIdentifier } from '../stores/statements.ts'
import type { SqlClient } from '../transactions/sql-client.ts'
import { checkEvents, EventRejected, type EventLimits } from './check-event.ts'
import { newEventId } from './event-id.ts'
import type { NewEvent } from './event.ts'

/**
 * Options of {@link publish} and {@link publishMany}.
 */
export interface PublishOptions extends EventLimits {
  /**
   * The schema that holds the outbox.
   *
   * @defaultValue `'public'`
   */
  readonly schema?: string
}

/**
 * The defaults of {@link PublishOptions}.
 */
export const publishDefaults = { schema: 'public' } as const

/**
 * Publishes one event in the transaction of `client`: it is delivered if that commits, and never otherwise. Publish after the statement that
 * locked the aggregate's row: what follows from it is that the events of an aggregate are delivered in the order of its changes.
 *
 * One round trip. `client` is anything with `query(text, values)`: a `pg` client or a thin wrap around an ORM's transaction. Gives back the id.
 * Rejects with {@link EventRejected} before the database is touched when the event breaks a rule, and with the client's own error otherwise.
 */
export async function publish(client: SqlClient, event: NewEvent, options: PublishOptions = {}): Promise<string> {
  const [id] = await publishMany(client, [event], options)
  return id ?? ''
}

/**
 * Publishes events in the transaction of `client`, all with one statement, in the order given; otherwise like {@link publish}. Gives back the
 * ids in that order.
 */
export async function publishMany(client: SqlClient, events: readonly NewEvent[], options: PublishOptions = {}): Promise<readonly string[]> {
  const prefix = `${quoteIdentifier(options.schema ?? publishDefaults.schema)}.`
  const qualified: SqlClient = { query: (text, values) => client.query(text.replaceAll('@schema.', () => prefix), values) }
  return insertEvents(qualified, events, options)
}

/**
 * Inserts events with one statement through a client that knows the schema. Rejects like {@link publish}.
 */
export async function insertEvents(client: SqlClient, events: readonly NewEvent[], limits: EventLimits = {}): Promise<readonly string[]> {
  const checked = checkEvents(events, limits)
  if (checked.isErr()) throw new EventRejected(checked.error)
  const rows = events.map((event, index) => rowOf(event, checked.value[index]))
  const [first] = rows
  if (first === undefined) return []
  if (rows.length === 1) await client.query(insertOneSql, [first.id, first.aggregateType, first.aggregateId, first.type, first.payload === 'null' ? null : first.payload, first.headers, first.version])
  else await client.query(insertManySql, [`[${rows.map(jsonOf).join()}]`])
  return rows.map((row) => row.id)
}

interface Row {
  readonly id: string
  readonly aggregateType: string
  readonly aggregateId: string
  readonly type: string
  readonly payload: string
  readonly headers: string
  readonly version: string
}

function rowOf({ aggregateType, aggregateId, type, headers, version }: NewEvent, payload = 'null'): Row {
  return {
    id: newEventId(), aggregateType, aggregateId: String(aggregateId), type, payload,
    headers: headers === undefined ? '{}' : JSON.stringify(headers), version: String(version),
  }
}

/** Payload and headers are JSON already. */
function jsonOf({ id, aggregateType, aggregateId, type, payload, headers, version }: Row): string {
  const names = `"aggregatetype":${JSON.stringify(aggregateType)},"aggregateid":${JSON.stringify(aggregateId)},"type":${JSON.stringify(type)}`
  return `{"id":"${id}",${names},"payload":${payload},"headers":${headers},"version":${version}}`
}

/** Text parameters alone, here and below: every client passes text unchanged, not every one can pass JSON or arrays. */
const insertOneSql = `
  INSERT INTO @schema.outbox (id, aggregatetype, aggregateid, type, payload, headers, version)
  VALUES ($1::text::uuid, $2, $3, $4, $5::text::jsonb, $6::text::jsonb, $7::text::bigint)`

const insertManySql = `
  INSERT INTO @schema.outbox (id, aggregatetype, aggregateid, type, payload, headers, version)
  SELECT id, aggregatetype, aggregateid, type, payload, headers, version
  FROM ROWS FROM (
    jsonb_to_recordset($1::text::jsonb) AS (id uuid, aggregatetype text, aggregateid text, type text, payload jsonb, headers jsonb, version bigint)
  ) WITH ORDINALITY AS event (id, aggregatetype, aggregateid, type, payload, headers, version, position)
  ORDER BY position`
