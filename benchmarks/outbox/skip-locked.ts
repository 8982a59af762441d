import type { Client, Pool } from 'pg'
import { event, eventCount, inTransactions } from './backlog.ts'

/** Sizes of batches, of which the contest takes the fastest. */
const batchSizes = [500, 1_000, 2_000, 5_000] as const

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

const take = (batchSize: number) => ({
  name: `take-${batchSize}`,
  text: `
    DELETE FROM queue
    WHERE id IN (SELECT id FROM queue ORDER BY id FOR UPDATE SKIP LOCKED LIMIT ${batchSize})
    RETURNING *`,
})

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

/** The size of batches with which {@link takeAll} is fastest here, each tried once. */
export async function fastestBatchSize(client: Client, pool: Pool): Promise<number> {
  const tries: { size: number; ms: number }[] = []
  for (const size of batchSizes) {
    await fillQueue(client)
    const startedAt = performance.now()
    await takeAll(pool, size, async () => undefined)
    tries.push({ size, ms: performance.now() - startedAt })
  }
  return tries.reduce((best, next) => (next.ms < best.ms ? next : best)).size
}

/**
 * Takes and deletes batch after batch, one statement each: delivery is at most once, and ordered
 * only while there is one consumer.
 */
export async function takeAll(
  pool: Pool,
  batchSize: number,
  hand: (events: readonly unknown[]) => Promise<void>,
): Promise<void> {
  for (let count = 0; count < eventCount;) {
    const { rows } = await pool.query<Record<string, unknown>>(take(batchSize))
    await hand(rows)
    count += rows.length
  }
}
