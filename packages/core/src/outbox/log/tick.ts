import type { SqlClient } from '../../stores/sql-client.ts'

/**
 * A moment of the log. The events of an interval (a, b] are those that b's snapshot sees and a's
 * does not.
 */
export interface Tick {
  /** Rising; 0 is the beginning. */
  readonly id: bigint
  /** PostgreSQL's snapshot as text: `xmin:xmax:xip,…`. */
  readonly snapshot: string
  /** The first transaction id that the snapshot knows nothing of. */
  readonly xmax: string
  /** The transactions below `xmax` that were in progress. */
  readonly xip: readonly string[]
  /** The highest position seen when the tick was made: how large an interval is, roughly. */
  readonly seqHigh: bigint
}

/** How often ticks are made while events are published. */
export interface TickPace {
  /** Least time between two ticks, in milliseconds. */
  readonly gapMs: number
  /** As many events make a tick earlier. */
  readonly maxEvents: number
}

/**
 * Makes a tick when something new is committed and it is due; gives back the newest tick, and the
 * time until the next is due when something waits for it. One round trip.
 */
export async function advance(
  sql: SqlClient,
  { gapMs, maxEvents }: TickPace,
): Promise<{ readonly newest: Tick; readonly dueMs: number | undefined }> {
  const { rows } = await sql.query<TickRow & { due_ms: number | null }>(advanceSql, [
    gapMs,
    maxEvents,
  ])
  const [row] = rows
  if (row === undefined) throw new TypeError('outbox_advance gave back no tick')
  return { newest: tickOf(row), dueMs: row.due_ms ?? undefined }
}

/**
 * Ticks, oldest first: the newest at or before `id`, then up to `limit` later ones. One round trip.
 */
export async function loadTicks(sql: SqlClient, id: bigint, limit: number): Promise<Tick[]> {
  const { rows } = await sql.query<TickRow>(loadSql, [String(id), limit])
  return rows.map(tickOf)
}

/**
 * Where an interval that begins at `from` ends: at the latest of `later` within `maxEvents`, or at
 * the first of them.
 */
export function chooseTarget(
  from: Tick,
  later: readonly Tick[],
  maxEvents: number,
): Tick | undefined {
  let target = later[0]
  for (const tick of later) {
    if (tick.seqHigh - from.seqHigh > maxEvents) break
    target = tick
  }
  return target
}

interface TickRow {
  readonly id: string
  readonly snap: string
  readonly seq_hi: string
}

function tickOf({ id, snap, seq_hi: seqHigh }: TickRow): Tick {
  const [, xmax = '', xip = ''] = snap.split(':')
  return {
    id: BigInt(id),
    snapshot: snap,
    xmax,
    xip: xip === '' ? [] : xip.split(','),
    seqHigh: BigInt(seqHigh),
  }
}

const advanceSql = `
  SELECT id::text, snap::text, seq_hi::text, due_ms FROM @schema.outbox_advance($1, $2)`

const loadSql = `
  (SELECT id::text, snap::text, seq_hi::text FROM @schema.outbox_tick WHERE id <= $1 ORDER BY outbox_tick.id DESC LIMIT 1)
  UNION ALL
  (SELECT id::text, snap::text, seq_hi::text FROM @schema.outbox_tick WHERE id > $1 ORDER BY outbox_tick.id LIMIT $2)`
