import type { SqlClient } from '../../stores/sql-client.ts'
import type { Json } from '../../json.ts'
import type { OutboxEvent } from './event.ts'
import { shardCount, shardOf, shardSql } from './shard.ts'
import type { Tick } from './tick.ts'

/** An event as it lies in the log. */
export interface LoggedEvent extends OutboxEvent {
  /** The shard of its aggregate. */
  readonly shard: number
}

/** What to read: of the interval (from, to] what lies after `afterSeq`. */
export interface Interval {
  readonly from: Tick
  readonly to: Tick
  readonly afterSeq: bigint
  readonly shards: readonly number[]
  /** The types that are wanted, exact or `prefix.*`. */
  readonly types: readonly string[]
}

/**
 * The next events of an interval in the order of their positions. They are made of the server's
 * rows only when they are asked for, so that the server can be busy with the next ones meanwhile.
 */
export class Chunk {
  /** The position up to which the interval was read; absent when it was read to its end. */
  readonly through: bigint | undefined
  readonly #rows: readonly EventRow[]
  #events: readonly LoggedEvent[] | undefined

  constructor(rows: readonly EventRow[], through: bigint | undefined) {
    this.#rows = rows
    this.through = through
  }

  /** Whether nothing was found. */
  get isEmpty(): boolean {
    return this.#rows.length === 0
  }

  /** The events. */
  get events(): readonly LoggedEvent[] {
    this.#events ??= this.#rows.map(eventOf)
    return this.#events
  }
}

/**
 * Reads up to `limit` events of an interval by transaction id. One round trip; the server sorts
 * what is left of the interval.
 */
export async function readNarrow(
  sql: SqlClient,
  interval: Interval,
  limit: number,
): Promise<Chunk> {
  const { from, to, afterSeq, shards, types } = interval
  const filters = filtersOf(shards, types)
  const values = [
    from.xmax,
    to.xmax,
    to.snapshot,
    String(afterSeq),
    limit,
    ...filters.values,
    ...(from.xip.length > 0 ? [from.xip] : []),
  ]
  const { rows } = await sql.query<EventRow>(
    narrowSql(filters, from.xip.length > 0 ? 'late commits' : 'no late commits'),
    values,
  )
  return new Chunk(rows, rows.length < limit ? undefined : lastSeqOf(rows))
}

/**
 * Between which positions the events of an interval lie, when it has any. One round trip, that
 * looks up two positions.
 */
export async function findBounds(
  sql: SqlClient,
  { from, to }: Pick<Interval, 'from' | 'to'>,
): Promise<Bounds | undefined> {
  const { rows } = await sql.query<{ low: string | null }>(boundsSql, [
    String(from.seqHigh),
    from.xip,
  ])
  const low = rows[0]?.low ?? undefined
  return low === undefined || BigInt(low) > to.seqHigh
    ? undefined
    : { low: BigInt(low), high: to.seqHigh }
}

/** No event of an interval has a lower position than `low` or a higher one than `high`. */
export interface Bounds {
  readonly low: bigint
  readonly high: bigint
}

/**
 * Reads up to `limit` events of a large interval along the log: nothing is sorted and one statement
 * looks at a bounded stretch, whatever the interval's size. One round trip.
 */
export async function readWide(
  sql: SqlClient,
  interval: Interval,
  { bounds, limit }: { readonly bounds: Bounds; readonly limit: number },
): Promise<Chunk> {
  const { from, to, afterSeq, shards, types } = interval
  const start = afterSeq >= bounds.low ? afterSeq : bounds.low - 1n
  const stretchEnd = start + BigInt(limit) * 10n
  const end = stretchEnd < bounds.high ? stretchEnd : bounds.high
  const filters = filtersOf(shards, types)
  const { rows } = await sql.query<EventRow>(wideSql(filters), [
    from.snapshot,
    to.snapshot,
    String(start),
    String(end),
    limit,
    ...filters.values,
  ])
  const last = rows.length < limit ? end : (lastSeqOf(rows) ?? end)
  return new Chunk(rows, last < bounds.high ? last : undefined)
}

/** A row: each column costs a little, so those that never hold a blank are one. */
interface EventRow {
  /** Position, id, version, time in milliseconds and, where it is known, shard. */
  readonly head: string
  readonly aggregatetype: string
  readonly aggregateid: string
  readonly type: string
  readonly payload: string | null
  readonly headers: string | null
}

const noHeaders = Object.freeze({})

function lastSeqOf(rows: readonly EventRow[]): bigint | undefined {
  const last = rows.at(-1)
  return last === undefined ? undefined : BigInt(last.head.slice(0, last.head.indexOf(' ')))
}

function eventOf(row: EventRow): LoggedEvent {
  const [seq = '', id = '', version, at, shard = ''] = row.head.split(' ')
  return {
    id,
    seq: BigInt(seq),
    aggregateType: row.aggregatetype,
    aggregateId: row.aggregateid,
    type: row.type,
    version: Number(version),
    payload: row.payload === null ? null : (JSON.parse(row.payload) as Json),
    headers: row.headers === null ? noHeaders : (JSON.parse(row.headers) as Record<string, string>),
    createdAt: new Date(Number(at)),
    shard: shard === '' ? shardOf(row.aggregatetype, row.aggregateid) : Number(shard),
  }
}

/**
 * The filters of a statement: their text, their values and the number of the first parameter behind
 * them.
 */
interface Filters {
  readonly text: string
  readonly values: readonly unknown[]
  readonly next: number
}

function filtersOf(shards: readonly number[], types: readonly string[]): Filters {
  const byShard =
    shards.length < shardCount
      ? [{ test: `${shardSql('event')} = ANY`, cast: 'smallint[]', value: shards }]
      : []
  const patterns = types.map((type) => (type.endsWith('.*') ? `${type.slice(0, -1)}%` : type))
  const byType = types.includes('*')
    ? []
    : [{ test: 'type LIKE ANY', cast: 'text[]', value: patterns }]
  const filters = [...byShard, ...byType]
  return {
    text: filters.map(({ test, cast }, index) => `AND ${test} ($${6 + index}::${cast})`).join(' '),
    values: filters.map(({ value }) => value),
    next: 6 + filters.length,
  }
}

const columns = `
  seq || ' ' || id || ' ' || version || ' ' || (date_part('epoch', created_at) * 1000)::bigint || ' ' || coalesce(shard::text, '') AS head,
  aggregatetype, aggregateid, type, payload::text, nullif(headers, '{}')::text AS headers`

/**
 * The two ways in which an event can be new are two branches, so that both are ranges of the index
 * on transaction ids.
 */
function narrowSql({ text, next }: Filters, late: 'late commits' | 'no late commits'): string {
  const wanted = `seq > $4::bigint AND pg_visible_in_snapshot(xid, $3::pg_snapshot) ${text}`
  const begun = `SELECT * FROM @schema.outbox AS event WHERE xid >= $1::xid8 AND xid < $2::xid8 AND ${wanted}`
  const lateCommits = `UNION ALL SELECT * FROM @schema.outbox AS event WHERE xid = ANY ($${next}::xid8[]) AND ${wanted}`
  return `SELECT ${columns} FROM (${begun} ${late === 'late commits' ? lateCommits : ''}) AS event ORDER BY event.seq LIMIT $5`
}

/**
 * Visibility alone, without ranges of transaction ids: only the primary key can serve it, in order.
 */
function wideSql({ text }: Filters): string {
  return `SELECT ${columns} FROM @schema.outbox AS event
    WHERE seq > $3::bigint AND seq <= $4::bigint
      AND pg_visible_in_snapshot(xid, $2::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot) ${text}
    ORDER BY event.seq LIMIT $5`
}

/**
 * Transactions that began after a tick have positions above all that it sees; those under way may
 * have any.
 */
const boundsSql = `
  SELECT least(
    (SELECT seq FROM @schema.outbox WHERE seq > $1::bigint ORDER BY seq LIMIT 1),
    (SELECT min(seq) FROM @schema.outbox WHERE xid = ANY ($2::xid8[]))
  )::text AS low`
