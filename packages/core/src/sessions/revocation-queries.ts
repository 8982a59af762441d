import { onPrimary } from '../stores/postgres/server-history.ts'

/**
 * The revocations to be applied again: all, those not noted as applied, or those of them whose
 * writer has had the time to apply them.
 */
export type ReapplyScope = 'all' | 'pending' | 'overdue'

const columns = `
  r.id::text AS id,
  r.id::text || '@' || (extract(epoch FROM r.revoked_at) * 1000000)::bigint::text AS name,
  r.user_id AS "user",
  r.sessions,
  r.epoch::text AS epoch,
  r.is_applied AS "isApplied",
  coalesce((
    SELECT max(o.epoch)
    FROM @schema.session_revocation o
    WHERE o.prefix = r.prefix AND o.user_id = r.user_id
  ), 0)::text AS "knownEpoch"`

/** Inserts a revocation. $1 prefix, $2 user, $3 sessions, $4 whether it is applied. */
export const insertRevocation = `
  INSERT INTO @schema.session_revocation AS r (prefix, user_id, sessions, is_applied)
  VALUES ($1, $2, $3::text[], $4)
  RETURNING ${columns}`

/**
 * A page of revocations by id; a standby refuses. $1 prefix, $2 the id before the page, $3 page
 * size.
 */
export const selectRevocations: Readonly<Record<ReapplyScope, string>> = {
  all: selectWhere('true'),
  pending: selectWhere('NOT r.is_applied'),
  // A moment in the future was written before the clock was set back: its writer had its time.
  overdue: selectWhere(`
    NOT r.is_applied
    AND r.revoked_at NOT BETWEEN
      clock_timestamp() - interval '500 milliseconds' AND clock_timestamp()`),
}

/** Notes revocations as applied, with what Redis added. $1 JSON array of id, epoch, sessions. */
export const markApplied = `
  UPDATE @schema.session_revocation r
  SET is_applied = true,
      epoch = coalesce(r.epoch, a.epoch),
      sessions = ARRAY(
        SELECT unnest(r.sessions)
        UNION
        SELECT jsonb_array_elements_text(a.sessions)
      )
  FROM jsonb_to_recordset($1::jsonb) AS a (id bigint, epoch bigint, sessions jsonb)
  WHERE r.id = a.id`

/** The moment of an age ago. $1 age in ms. */
export const selectHorizon = `
  SELECT (clock_timestamp() - $1 * interval '1 millisecond')::text AS horizon`

/**
 * Deletes revocations older than an age, and than a horizon by a time: both hold after a step of
 * the clock, forward or back. $1 prefix, $2 age in ms, $3 horizon, $4 time since it was read in ms.
 */
export const purgeRevocations = `
  DELETE FROM @schema.session_revocation
  WHERE prefix = $1 AND revoked_at < least(
    clock_timestamp() - $2 * interval '1 millisecond',
    $3::timestamptz + $4 * interval '1 millisecond'
  )`

function selectWhere(condition: string): string {
  return `
  SELECT ${columns}
  FROM @schema.session_revocation r
  WHERE r.prefix = $1 AND r.id > $2::bigint AND ${condition}
    AND ${onPrimary}
  ORDER BY r.id
  LIMIT $3`
}
