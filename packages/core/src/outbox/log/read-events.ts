import type { Json } from '../../json/json.ts'
import type { SqlClient } from '../../stores/sql-client.ts'
import type { LoggedEvent } from './event.ts'
import {
  boundsSql,
  narrowSql,
  shardFilterSql,
  typeFilterSql,
  wideSql,
  type FilterSql,
} from './log-queries.ts'
import { shardCount, shardOf } from './shard.ts'
import type { Tick } from './tick.ts'

/** The part of the log between two ticks, (from, to], after the position `afterSeq`. */
export interface Interval {
  readonly from: Tick
  readonly to: Tick
  readonly afterSeq: bigint
  readonly shards: readonly number[]
  /** The types to read, exact or `prefix.*`. */
  readonly types: readonly string[]
  /** The history of the server that has the ticks; any server's when absent. */
  readonly history?: string | undefined
}

/**
 * The next events of an interval in the order of their positions. They are parsed from the server's
 * rows only when they are asked for, so that the server can read the next ones in the meantime.
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

  get isEmpty(): boolean {
    return this.#rows.length === 0
  }

  get events(): readonly LoggedEvent[] {
    this.#events ??= this.#rows.map(eventOf)
    return this.#events
  }
}

/**
 * Reads up to `limit` events of an interval by transaction id. One round trip; the server sorts the
 * rest of the interval.
 */
export async function readNarrow(
  sql: SqlClient,
  interval: Interval,
  limit: number,
): Promise<Chunk> {
  const { from, to, afterSeq, shards, types, history = null } = interval
  const filters = filtersOf(shards, types)
  const values = [
    from.xmax,
    to.xmax,
    to.snapshot,
    String(afterSeq),
    limit,
    history,
    ...filters.values,
    ...(from.xip.length > 0 ? [from.xip] : []),
  ]
  const { rows } = await sql.query<EventRow>(
    narrowSql(filters, from.xip.length > 0 ? 'late commits' : 'no late commits'),
    values,
  )
  return new Chunk(rows, rows.length < limit ? undefined : lastSeqOf(rows))
}

/** The positions that no event of an interval lies outside of. */
export interface Bounds {
  readonly low: bigint
  readonly high: bigint
}

/**
 * Finds the bounds of an interval, `undefined` when it has no events. One round trip, which looks
 * up two positions.
 */
export async function findBounds(
  sql: SqlClient,
  { from, to, history }: Pick<Interval, 'from' | 'to' | 'history'>,
): Promise<Bounds | undefined> {
  const { rows } = await sql.query<{ low: string | null }>(boundsSql, [
    String(from.seqHigh),
    from.xip,
    history ?? null,
  ])
  const low = rows[0]?.low ?? undefined
  return low === undefined || BigInt(low) > to.seqHigh
    ? undefined
    : { low: BigInt(low), high: to.seqHigh }
}

/**
 * Reads up to `limit` events of a large interval along the log. Nothing is sorted, and one
 * statement looks at a bounded stretch whatever the interval's size. One round trip.
 */
export async function readWide(
  sql: SqlClient,
  interval: Interval,
  { bounds, limit }: { readonly bounds: Bounds; readonly limit: number },
): Promise<Chunk> {
  const { from, to, afterSeq, shards, types, history = null } = interval
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
    history,
    ...filters.values,
  ])
  const last = rows.length < limit ? end : (lastSeqOf(rows) ?? end)
  return new Chunk(rows, last < bounds.high ? last : undefined)
}

/** Each column of a row costs a little, so those that never hold a blank are joined in one. */
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
  const [seq = '', id = '', version, createdAt, shard = ''] = row.head.split(' ')
  return {
    id,
    seq: BigInt(seq),
    aggregateType: row.aggregatetype,
    aggregateId: row.aggregateid,
    type: row.type,
    version: Number(version),
    payload: row.payload === null ? null : (JSON.parse(row.payload) as Json),
    headers: row.headers === null ? noHeaders : (JSON.parse(row.headers) as Record<string, string>),
    createdAt: new Date(Number(createdAt)),
    shard: shard === '' ? shardOf(row.aggregatetype, row.aggregateid) : Number(shard),
  }
}

interface Filters extends FilterSql {
  readonly values: readonly unknown[]
}

function filtersOf(shards: readonly number[], types: readonly string[]): Filters {
  const filters = [
    ...(shards.length < shardCount ? [{ sql: shardFilterSql, value: shards }] : []),
    ...(types.includes('*') ? [] : [{ sql: typeFilterSql, value: types.map(patternOf) }]),
  ]
  return {
    text: filters.map(({ sql }, index) => sql(7 + index)).join(' '),
    values: filters.map(({ value }) => value),
    next: 7 + filters.length,
  }
}

function patternOf(type: string): string {
  return type.endsWith('.*') ? `${type.slice(0, -1)}%` : type
}
