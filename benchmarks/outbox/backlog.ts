import type { Client } from 'pg'

/** Undelivered events at the start of a round. */
export const eventCount = 100_000

/** Events of one transaction. */
const perTransaction = 100
const aggregates = 10_000

/**
 * The columns of the events that all sides deliver, as SQL expressions over an event's number `n`.
 * Payloads have 300 bytes as JSON.
 */
export const event = {
  id: 'gen_random_uuid()',
  aggregateType: `'course'`,
  aggregateId: `(n % ${aggregates})::text`,
  type: `'course.updated'`,
  version: `(n / ${aggregates})::bigint`,
  payload: `jsonb_build_object(
    'courseId', n % ${aggregates}, 'price', 49.5,
    'changed', jsonb_build_array('title', 'price'), 'title', repeat(md5(n::text), 7))`,
} as const

/**
 * SQL that runs an insert once per transaction. The insert selects from `events`, whose column `n`
 * is the number of an event.
 */
export function inTransactions(insert: (events: string) => string): string {
  return `DO $$ BEGIN
    FOR start IN 0 .. ${eventCount - 1} BY ${perTransaction} LOOP
      ${insert(`generate_series(start, start + ${perTransaction - 1}) AS n`)};
      COMMIT;
    END LOOP;
  END $$`
}

/** Fills Headwater's log with the events, undelivered and without any tick. */
export async function fillLog(client: Client): Promise<void> {
  await client.query('TRUNCATE outbox')
  await client.query(
    inTransactions(
      (events) => `
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, version, shard)
    SELECT
      ${event.id}, ${event.aggregateType}, ${event.aggregateId}, ${event.type},
      ${event.payload}, ${event.version},
      outbox_shard(${event.aggregateType}, ${event.aggregateId})
    FROM ${events}`,
    ),
  )
  await client.query('VACUUM ANALYZE outbox')
  await client.query(`
    TRUNCATE outbox_sink, outbox_cursor, outbox_owner, outbox_failure;
    DELETE FROM outbox_tick WHERE id > 1`)
}
