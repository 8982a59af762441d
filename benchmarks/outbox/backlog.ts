import type { Client } from 'pg'

/** Events that lie ready before a round begins. */
export const eventCount = 100_000

/** Transactions that they come from. */
const perTransaction = 100
const aggregates = 10_000

/**
 * What all sides deliver, as expressions over the number `n` of an event; payloads have 300 bytes
 * as JSON.
 */
export const event = {
  id: 'gen_random_uuid()',
  aggregateType: `'course'`,
  aggregateId: `(n % ${aggregates})::text`,
  type: `'course.updated'`,
  version: `(n / ${aggregates})::bigint`,
  payload: `jsonb_build_object('courseId', n % ${aggregates}, 'price', 49.5, 'changed', jsonb_build_array('title', 'price'), 'title', repeat(md5(n::text), 7))`,
} as const

/**
 * Runs an insert once for each transaction; in it `n` counts events, and `events` is where it comes
 * from.
 */
export function inTransactions(insert: (events: string) => string): string {
  return `DO $$ BEGIN
    FOR start IN 0 .. ${eventCount - 1} BY ${perTransaction} LOOP
      ${insert(`generate_series(start, start + ${perTransaction - 1}) AS n`)};
      COMMIT;
    END LOOP;
  END $$`
}

/** Puts the events into Headwater's log, as it publishes them. */
export async function fillLog(client: Client): Promise<void> {
  await client.query('TRUNCATE outbox')
  await client.query(
    inTransactions(
      (events) => `
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, version, shard)
    SELECT ${event.id}, ${event.aggregateType}, ${event.aggregateId}, ${event.type}, ${event.payload}, ${event.version},
      outbox_shard(${event.aggregateType}, ${event.aggregateId}) FROM ${events}`,
    ),
  )
  await client.query('VACUUM ANALYZE outbox')
  await rewindLog(client)
}

/** Forgets how far the log was delivered, and every tick that was made. */
export async function rewindLog(client: Client): Promise<void> {
  await client.query(
    'TRUNCATE outbox_sink, outbox_cursor, outbox_owner, outbox_failure; DELETE FROM outbox_tick WHERE id > 1',
  )
}
