import { randomUUID } from 'node:crypto'
import { quoteIdentifier } from '../../stores/postgres/statements.ts'
import type { SqlClient } from '../../stores/sql-client.ts'
import { checkEvents, EventRejected, type EventLimits } from './check-event.ts'
import { newEventIds } from './event-id.ts'
import type { NewEvent } from './event.ts'
import { shardOf } from './shard.ts'

/** Options of {@link publish} and {@link publishMany}. */
export interface PublishOptions extends EventLimits {
  /**
   * The schema that holds the outbox.
   *
   * @defaultValue `'public'`
   */
  readonly schema?: string
}

/** The defaults of {@link PublishOptions}. */
export const publishDefaults = { schema: 'public' } as const

/**
 * Publishes one event in the transaction of `client`: it is delivered if that commits, and never
 * otherwise. Publish after the statement that locked the aggregate's row: what follows from it is
 * that the events of an aggregate are delivered in the order of its changes.
 *
 * One round trip. `client` is anything with `query(text, values)`: a `pg` client or a thin wrap
 * around an ORM's transaction. Gives back the id. Rejects with {@link EventRejected} before the
 * database is touched when the event breaks a rule, and with the client's own error otherwise.
 */
export async function publish(
  client: SqlClient,
  event: NewEvent,
  options: PublishOptions = {},
): Promise<string> {
  const [id] = await publishMany(client, [event], options)
  return id ?? ''
}

/**
 * Publishes events in the transaction of `client`, all with one statement, in the order given;
 * otherwise like {@link publish}. Gives back the ids in that order.
 */
export async function publishMany(
  client: SqlClient,
  events: readonly NewEvent[],
  options: PublishOptions = {},
): Promise<readonly string[]> {
  const prefix = `${quoteIdentifier(options.schema ?? publishDefaults.schema)}.`
  const qualified: SqlClient = {
    query: (text, values) =>
      client.query(
        text.replaceAll('@schema.', () => prefix),
        values,
      ),
  }
  return insertEvents(qualified, events, options)
}

/**
 * Inserts events with one statement through a client that knows the schema. Rejects like
 * {@link publish}.
 */
async function insertEvents(
  client: SqlClient,
  events: readonly NewEvent[],
  limits: EventLimits,
): Promise<readonly string[]> {
  const { text, values, ids } = insertOf(events, limits)
  if (ids.length > 0) await client.query(text, values)
  return ids
}

/**
 * The statement that inserts events. Throws {@link EventRejected} when one of them breaks a rule.
 */
export function insertOf(events: readonly NewEvent[], limits: EventLimits = {}): Insertion {
  const checked = checkEvents(events, limits)
  if (checked.isErr()) throw new EventRejected(checked.error)
  const ids = newEventIds(events.length)
  const rows = events.map((event, index) => rowOf(event, ids[index], checked.value[index]))
  const [first, ...others] = rows
  return first !== undefined && others.length === 0
    ? { text: insertOneSql, values: first, ids }
    : { text: insertManySql, values: linesOf(rows), ids }
}

/** A statement, and the ids of the events it inserts. */
export interface Insertion {
  readonly text: string
  readonly values: readonly (string | null)[]
  readonly ids: readonly string[]
}

/** Id, aggregate's type and id, type, payload, headers, version and shard: as text. */
type Row = readonly [string, string, string, string, string, string | null, string, string]

function rowOf(
  { aggregateType, aggregateId, type, headers, version }: NewEvent,
  id = '',
  payload = 'null',
): Row {
  const aggregate = String(aggregateId)
  return [
    id,
    aggregateType,
    aggregate,
    type,
    payload,
    headers === undefined ? null : JSON.stringify(headers),
    String(version),
    String(shardOf(aggregateType, aggregate)),
  ]
}

/**
 * The columns, each with its values one below the other, and what they are separated by; JSON has
 * no line breaks.
 */
function linesOf(rows: readonly Row[]): readonly (string | null)[] {
  const hasLineBreak = rows.some(
    ([, aggregateType, aggregateId]) => aggregateType.includes('\n') || aggregateId.includes('\n'),
  )
  const separator = hasLineBreak ? `\n${randomUUID()}\n` : '\n'
  const linesAt = (column: keyof Row & number): string =>
    rows.map((row) => row[column] ?? '{}').join(separator)
  const headers = rows.every((row) => row[5] === null) ? null : linesAt(5)
  return [
    linesAt(0),
    linesAt(1),
    linesAt(2),
    linesAt(3),
    linesAt(4),
    headers,
    linesAt(6),
    linesAt(7),
    separator,
  ]
}

const columns = 'id, aggregatetype, aggregateid, type, payload, headers, version, shard'

/**
 * Text parameters alone, here and below: every client passes text unchanged, not every one can pass
 * JSON or arrays.
 */
const insertOneSql = `
  INSERT INTO @schema.outbox (${columns})
  VALUES ($1::text::uuid, $2, $3, $4, nullif($5::text, 'null')::jsonb, coalesce($6::text::jsonb, '{}'), $7::text::bigint, $8::text::smallint)`

/** `unnest` gives out the lines in their order, all columns abreast. */
const insertManySql = `
  INSERT INTO @schema.outbox (${columns})
  SELECT id::uuid, aggregatetype, aggregateid, type, payload::jsonb, coalesce(headers::jsonb, '{}'), version::bigint, shard::smallint FROM (
    SELECT
      unnest(string_to_array($1::text, $9::text)) AS id,
      unnest(string_to_array($2::text, $9::text)) AS aggregatetype,
      unnest(string_to_array($3::text, $9::text)) AS aggregateid,
      unnest(string_to_array($4::text, $9::text)) AS type,
      unnest(string_to_array($5::text, $9::text, 'null')) AS payload,
      unnest(string_to_array($6::text, $9::text)) AS headers,
      unnest(string_to_array($7::text, $9::text)) AS version,
      unnest(string_to_array($8::text, $9::text)) AS shard
  ) AS event`
