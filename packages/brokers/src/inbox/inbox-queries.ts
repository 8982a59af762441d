/**
 * Notes that a consumer handles an event, and waits for another transaction that does; no row when
 * it was handled before. $1 consumer, $2 event.
 */
export const insertEntry = `
  INSERT INTO @schema.inbox (consumer, event_id)
  VALUES ($1, $2)
  ON CONFLICT DO NOTHING
  RETURNING event_id`

/**
 * Makes the COMMIT wait for synchronous standbys, which it does only where something is written:
 * the transaction that handled the event may not have reached them.
 */
export const waitForStandbys = `SELECT pg_logical_emit_message(true, 'headwater', '')`

/**
 * Forgets old entries of a consumer; another purge's rows are left to it. $1 consumer, $2 age in
 * milliseconds, $3 at most.
 */
export const deleteOldEntries = `
  DELETE FROM @schema.inbox
  WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM @schema.inbox
    WHERE consumer = $1 AND handled_at < now() - $2 * interval '1 millisecond'
    ORDER BY handled_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
  ))`

/**
 * Adds to the lost attempts of a consumer at an event and returns their number; no row when the
 * event was handled. $1 consumer, $2 event, $3 number to add, which may be negative.
 */
export const addLostAttempts = `
  INSERT INTO @schema.inbox_attempt AS known (consumer, event_id, lost)
  SELECT $1::text, $2::text, greatest($3::integer, 0)
  WHERE NOT EXISTS (SELECT FROM @schema.inbox WHERE consumer = $1 AND event_id = $2)
  ON CONFLICT (consumer, event_id) DO UPDATE
    SET lost = greatest(known.lost + $3::integer, 0), changed_at = now()
  RETURNING lost`

/** Forgets the lost attempts at an event that is done with. $1 consumer, $2 event. */
export const deleteAttempts = `
  DELETE FROM @schema.inbox_attempt
  WHERE consumer = $1 AND event_id = $2`

/**
 * Forgets lost attempts at events of which nothing was heard since. $1 consumer, $2 age in
 * milliseconds.
 */
export const deleteOldAttempts = `
  DELETE FROM @schema.inbox_attempt
  WHERE consumer = $1 AND changed_at < now() - $2 * interval '1 millisecond'`
