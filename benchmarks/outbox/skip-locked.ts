import type { Client, Pool } from 'pg'
import { event, eventCount, inTransactions } from './backlog.ts'

/** Four times our first choice; other sizes have not been measured against it. */
const batchSize = 2_000

const createQueue = `
  CREATE TABLE IF NOT EXISTS queue (
    id            bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id      uuid         NOT NULL,
    aggregatetype varchar(255) NOT NULL,
    aggregateid   varchar(255) NOT NULL,
    type          varchar(255) NOT NULL,
    payload       jsonb,
    headers       jsonb        NOT NULL DEFAULT '{}',
    version       bigint       NOT NULL,
    created_at    timestamptz  NOT NULL DEFAULT now()
  )`

const take = {
  name: 'take',
  text: `
    DELETE FROM queue
    WHERE id IN (SELECT id FROM queue ORDER BY id FOR UPDATE SKIP LOCKED LIMIT ${batchSize})
    RETURNING *`,
}

/** Fills a queue of the kind that people write by hand. */
export async function fillQueue(client: Client): Promise<void> {
  await client.query(createQueue)
  await client.query('TRUNCATE queue')
  await client.query(
    inTransactions(
      (events) => `
    INSERT INTO queue (event_id, aggregatetype, aggregateid, type, payload, version)
    SELECT
      ${event.id}, ${event.aggregateType}, ${event.aggregateId}, ${event.type},
      ${event.payload}, ${event.version}
    FROM ${events}`,
    ),
  )
  await client.query('VACUUM ANALYZE queue')
}

/**
 * Takes and deletes batch after batch, one statement each: delivery is at most once, and ordered
 * only while there is one consumer.
 */
export async function takeAll(
  pool: Pool,
  hand: (events: readonly unknown[]) => Promise<void>,
): Promise<void> {
  for (let count = 0; count < eventCount;) {
    const { rows } = await pool.query<Record<string, unknown>>(take)
    await hand(rows)
    count += rows.length
  }
}
