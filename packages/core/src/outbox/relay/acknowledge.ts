import type { SqlClient } from '../../stores/sql-client.ts'
import { durably, type OwnedShard } from './cursor.ts'
import type { FailureRow, Settled } from '../failures/park.ts'

/** What one acknowledgement writes down, all or nothing per shard. */
export interface Acknowledgement {
  readonly sink: string
  /** The shards with the positions they have reached. */
  readonly shards: readonly OwnedShard[]
  /** Events that could not be delivered, and those that wait behind them. */
  readonly failures?: readonly FailureRow[]
  /** Events that had failed and need not wait any longer. */
  readonly settled?: readonly Settled[]
}

/**
 * Moves cursors on, together with the failures that this leaves behind, in one statement and so in
 * one transaction: what was parked and what was passed are never out of step. Gives back the shards
 * for which it counted: those whose fence is still the one that was read. One round trip.
 */
export async function acknowledge(
  sql: SqlClient,
  { sink, shards, failures = [], settled = [] }: Acknowledgement,
): Promise<ReadonlySet<number>> {
  const values = [
    sink,
    shards.map(({ shard }) => shard),
    shards.map(({ fence }) => String(fence)),
    shards.map(({ tick }) => String(tick)),
    shards.map(({ tickTo }) => (tickTo === undefined ? null : String(tickTo))),
    shards.map(({ lastSeq }) => String(lastSeq)),
    shards.map(({ crashes }) => crashes),
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

const moved = `
  UPDATE @schema.outbox_cursor c SET tick = p.tick, tick_to = p.tick_to, last_seq = p.last_seq, crashes = p.crashes
  FROM unnest($2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::smallint[])
    AS p (shard, fence, tick, tick_to, last_seq, crashes)
  WHERE c.sink = $1 AND c.shard = p.shard AND c.fence = p.fence
  RETURNING c.shard`

const acknowledgeSql = moved

const acknowledgeWithFailuresSql = `
  WITH moved AS (${moved}),
  failed AS (
    INSERT INTO @schema.outbox_failure AS f (sink, seq, shard, aggregatetype, aggregateid, event, status, started, finished, next_at, fingerprint, error)
    SELECT $1, r.seq, r.shard, r.aggregatetype, r.aggregateid, r.event, r.status, r.started, r.finished,
      clock_timestamp() + r.delay_ms * interval '1 ms', r.fingerprint, r.error
    FROM jsonb_to_recordset($8::jsonb) AS r (
      seq bigint, shard smallint, aggregatetype text, aggregateid text, event jsonb, status text, started int, finished int,
      delay_ms float8, fingerprint text, error jsonb
    ) JOIN moved USING (shard) CROSS JOIN ${durably}
    ON CONFLICT (sink, seq) DO UPDATE SET
      status = excluded.status, started = excluded.started, finished = excluded.finished, next_at = excluded.next_at,
      fingerprint = excluded.fingerprint, error = excluded.error
  ), settled AS (
    DELETE FROM @schema.outbox_failure f
    USING jsonb_to_recordset($9::jsonb) AS s (shard smallint, aggregatetype text, aggregateid text, seq bigint) JOIN moved USING (shard)
    WHERE f.sink = $1 AND f.aggregatetype = s.aggregatetype AND f.aggregateid = s.aggregateid AND f.seq <= s.seq
  )
  SELECT shard FROM moved`
