import type { SqlClient } from '../../stores/sql-client.ts'
import { advanceSql, loadTicksSql } from './log-queries.ts'

/**
 * A moment of the log. The events of an interval (a, b] are those that b's snapshot sees and a's
 * does not.
 */
export interface Tick {
  /** Increases from tick to tick; 0 is the beginning. */
  readonly id: bigint
  /** PostgreSQL's snapshot as text: `xmin:xmax:xip,…`. */
  readonly snapshot: string
  /** The first transaction id that was not assigned yet. */
  readonly xmax: string
  /** The transactions below `xmax` that were in progress. */
  readonly xip: readonly string[]
  /** The highest position at that moment; two of them tell roughly how large an interval is. */
  readonly seqHigh: bigint
}

/** The rate of ticks while events are published. */
export interface TickPace {
  /** Shortest time between two ticks, in milliseconds. */
  readonly gapMs: number
  /** This many new events make a tick earlier. */
  readonly maxEvents: number
}

/**
 * Makes a tick when new events are committed and a tick is due. Returns the newest tick, and the
 * time until the next one when events wait for it. Rejects where the server has another history
 * than the one given. One round trip.
 */
export async function advance(
  sql: SqlClient,
  { gapMs, maxEvents }: TickPace,
  history: string | null = null,
): Promise<{ readonly newest: Tick; readonly dueMs: number | undefined }> {
  const { rows } = await sql.query<TickRow & { due_ms: number | null }>(advanceSql, [
    gapMs,
    maxEvents,
    history,
  ])
  const [row] = rows
  if (row === undefined) throw new TypeError('outbox_advance returned no tick')
  return { newest: tickOf(row), dueMs: row.due_ms ?? undefined }
}

/**
 * Loads ticks, the oldest first: the newest at or before `id`, then up to `limit` later ones.
 * Rejects where the server has another history than the one given. One round trip.
 */
export async function loadTicks(
  sql: SqlClient,
  id: bigint,
  { limit, history = null }: { readonly limit: number; readonly history?: string | null },
): Promise<Tick[]> {
  const { rows } = await sql.query<TickRow>(loadTicksSql, [String(id), limit, history])
  return rows.map(tickOf)
}

/**
 * Chooses the end of an interval that begins at `from`: the latest of `later` within `maxEvents`,
 * or the first of them.
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
