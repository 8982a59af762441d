import { onPrimary } from '../stores/postgres/server-history.ts'

/** Writes an intent, or replaces an earlier one of the same owner. */
export const insertIntent = `
  INSERT INTO @schema.invalidation_intent (id, transaction, history, prefix, keys, is_held)
  VALUES ($1, $2::xid8, @schema.server_history(), $3, $4, $5)
  ON CONFLICT (id) DO UPDATE
  SET transaction = excluded.transaction, history = excluded.history,
    keys = excluded.keys, is_held = excluded.is_held`

/** Writes the intent of a writer that has ended without a release that reached Redis. */
export const insertEndedIntent = `
  INSERT INTO @schema.invalidation_intent (id, prefix, keys, is_held, has_ended)
  VALUES ($1, $2, $3, false, true)
  ON CONFLICT (id) DO UPDATE SET is_held = false, has_ended = true`

/** Deletes intents by their ids. */
export const deleteIntents = 'DELETE FROM @schema.invalidation_intent WHERE id = ANY($1)'

/**
 * Whether the transaction of an intent has ended. One of another history has ended with its server;
 * its id may be assigned again here. One that this server has not assigned yet comes from a
 * restored dump: its writer is gone.
 */
const hasEnded = `
    has_ended OR CASE
      WHEN transaction IS NULL THEN created_at < clock_timestamp() - interval '1 minute'
      WHEN history <> (SELECT @schema.server_history()) THEN true
      WHEN transaction >= pg_snapshot_xmax(pg_current_snapshot()) THEN true
      ELSE pg_xact_status(transaction) IS DISTINCT FROM 'in progress'
    END`

/** The intents of one key prefix, oldest first. */
export const selectIntents = `
  SELECT
    id,
    keys,
    is_held AS "isHeld",
    ${hasEnded} AS "hasEnded",
    created_at < clock_timestamp() - $1 * interval '1 millisecond' AS "isOld"
  FROM @schema.invalidation_intent
  WHERE prefix = $3 AND ${onPrimary}
  ORDER BY created_at
  LIMIT $2`

/** A backlog may take longer than a statement of the host. */
export const beginRemoval = `BEGIN; SET LOCAL statement_timeout = '5 min'`

/** The turn of the one process that settles all intents of a prefix. */
export const takeTurn = `
  SELECT pg_try_advisory_xact_lock(hashtextextended(
    'headwater.flush ' || $1, '@schema.invalidation_intent'::regclass::oid::bigint
  )) AS "isMine"`

/**
 * Deletes the intents whose transaction has ended. Those that are held are left to their writers
 * until they are old.
 */
export const deleteEnded = `
  DELETE FROM @schema.invalidation_intent
  WHERE prefix = $2
    AND (NOT is_held OR created_at < clock_timestamp() - $1 * interval '1 millisecond')
    AND (${hasEnded})`
