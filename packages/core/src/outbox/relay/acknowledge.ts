import type { SqlClient } from '../../stores/sql-client.ts'
import type { FailureRow, Settled } from '../failures/park.ts'
import type { OwnedShard } from './cursor.ts'
import { acknowledgeSql, acknowledgeWithFailuresSql } from './cursor-queries.ts'

/** One write of positions and failures, all or nothing per shard. */
export interface Acknowledgement {
  readonly sink: string
  /** The shards with the positions they have reached. */
  readonly shards: readonly OwnedShard[]
  /** Events that could not be delivered, and those that wait behind them. */
  readonly failures?: readonly FailureRow[]
  /** Aggregates whose failed events need not wait any longer. */
  readonly settled?: readonly Settled[]
  /** The history of the server that has the ticks; any server's when absent. */
  readonly history?: string | undefined
}

/**
 * Moves cursors and writes the failures that they leave behind, in one statement and so in one
 * transaction: parked events and positions are never out of sync. Returns the shards it counted
 * for, which are those whose fence is still the one that was read. Rejects where the server has
 * another history. One round trip.
 */
export async function acknowledge(
  sql: SqlClient,
  { sink, shards, failures = [], settled = [], history }: Acknowledgement,
): Promise<ReadonlySet<number>> {
  const values = [
    sink,
    shards.map(({ shard }) => shard),
    shards.map(({ fence }) => String(fence)),
    shards.map(({ tick }) => String(tick)),
    shards.map(({ tickTo }) => (tickTo === undefined ? null : String(tickTo))),
    shards.map(({ lastSeq }) => String(lastSeq)),
    shards.map(({ crashes }) => crashes),
    history ?? null,
  ]
  const hasFailures = failures.length + settled.length > 0
  const { rows } = hasFailures
    ? await sql.query<{ shard: number }>(acknowledgeWithFailuresSql, [
        ...values,
        JSON.stringify(failures),
        JSON.stringify(settled),
      ])
    : await sql.query<{ shard: number }>(acknowledgeSql, values)
  return new Set(rows.map(({ shard }) => shard))
}
