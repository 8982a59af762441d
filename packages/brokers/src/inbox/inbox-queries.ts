/**
 * Notes that a consumer handles an event, and waits for another transaction that does; no row when
 * it was handled before. $1 consumer, $2 event.
 */
export const insertEntry = `
  INSERT INTO @schema.inbox (consumer, event_id)
  VALUES ($1, $2)
  ON CONFLICT DO NOTHING
  RETURNING event_id`

/** Forgets old entries; another purge's rows are left to it. $1 age in milliseconds, $2 at most. */
export const deleteOldEntries = `
  DELETE FROM @schema.inbox
  WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM @schema.inbox
    WHERE handled_at < now() - $1 * interval '1 millisecond'
    ORDER BY handled_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
  ))`
