import { randomUUID } from 'node:crypto'
import { FailureError } from '../../failure/failure-error.ts'
import { quoteIdentifier } from '../../stores/postgres/statements.ts'
import type { SqlClient } from '../../stores/sql-client.ts'
import { checkEvents, type EventLimits } from './check-event.ts'
import { newEventIds } from './event-id.ts'
import type { NewEvent } from './event.ts'
import { insertManySql, insertOneSql } from './log-queries.ts'
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
 * otherwise. Publish after the statement that locked the aggregate's row: then the events of an
 * aggregate are delivered in the order of its changes.
 *
 * One round trip. `client` is anything with `query(text, values)`: a `pg` client or a thin wrapper
 * around an ORM's transaction. Returns the id of the event.
 *
 * @throws {@link FailureError} with `invalid-input`, before the database is touched, when the event
 * breaks a rule; otherwise the client's own error.
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
 * Publishes events in the transaction of `client`, all with one statement, in the given order;
 * otherwise like {@link publish}. Returns the ids in that order.
 */
export async function publishMany(
  client: SqlClient,
  events: readonly NewEvent[],
  options: PublishOptions = {},
): Promise<readonly string[]> {
  const prefix = `${quoteIdentifier(options.schema ?? publishDefaults.schema)}.`
  const { text, values, ids } = insertOf(events, options)
  if (ids.length > 0)
    await client.query(
      text.replaceAll('@schema.', () => prefix),
      values,
    )
  return ids
}

/**
 * Builds the statement that inserts events.
 *
 * @throws {@link FailureError} with `invalid-input` when one of them breaks a rule.
 */
export function insertOf(events: readonly NewEvent[], limits: EventLimits = {}): Insertion {
  const checked = checkEvents(events, limits)
  if (checked.isErr()) throw new FailureError(checked.error)
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
 * Joins the values of each column with line breaks, followed by the separator. JSON has no line
 * breaks, but names may.
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
