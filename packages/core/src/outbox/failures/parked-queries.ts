/** $1 sink, $2 fingerprint; NULL matches all. */
const matching = `
  f.status = 'retry'
    AND ($1::text IS NULL OR f.sink = $1)
    AND ($2::text IS NULL OR coalesce(f.fingerprint, '') = $2)`

/** Events that wait behind one of another kind are counted with that one alone. */
export const parkedSummarySql = `
  SELECT f.sink, coalesce(f.fingerprint, '') AS fingerprint,
    count(*)::int AS count,
    count(DISTINCT (f.aggregatetype, f.aggregateid))::int AS aggregates,
    sum(behind.events)::int AS behind,
    coalesce(
      (array_agg(f.error ->> 'message' ORDER BY f.failed_at DESC))[1], ''
    ) AS message,
    min(f.failed_at) AS first_at,
    max(f.failed_at) AS last_at,
    min(f.next_at) AS next_at
  FROM @schema.outbox_failure f
  CROSS JOIN LATERAL (
    SELECT count(*) AS events FROM @schema.outbox_failure w
    WHERE w.sink = f.sink
      AND w.aggregatetype = f.aggregatetype
      AND w.aggregateid = f.aggregateid
      AND w.seq > f.seq
      AND w.status = 'parked'
  ) AS behind
  WHERE ${matching}
  GROUP BY f.sink, coalesce(f.fingerprint, '')
  ORDER BY count(*) DESC, coalesce(f.fingerprint, '')`

/**
 * As dead letters are marked, but for rows that a relay is changing: it locks several of them in an
 * order of its own. $3 at most; NULL for all.
 */
const chosenSql = (which: string, order: string) => `
  f.status = 'retry' AND f.ctid = ANY (ARRAY(
    SELECT f.ctid FROM @schema.outbox_failure f
    WHERE ${matching} AND ${which}
    ORDER BY ${order}
    LIMIT $3
    FOR UPDATE SKIP LOCKED
  ))`

/**
 * An attempt that is under way sets another time when it ends. Those whose time has come are left
 * out, and one that fails once more goes to the end of the queue: what comes next is another part.
 */
export const hastenSql = `
  UPDATE @schema.outbox_failure f SET next_at = clock_timestamp()
  WHERE ${chosenSql('f.next_at > clock_timestamp()', 'f.next_at, f.seq')}`

export const discardParkedSql = `
  UPDATE @schema.outbox_failure f SET status = 'discard'
  WHERE ${chosenSql('true', 'f.failed_at, f.seq')}`
