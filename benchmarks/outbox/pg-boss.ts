import type { Client } from 'pg'
import { PgBoss } from 'pg-boss'
import { event, eventCount } from './backlog.ts'

const batchSize = 1_000
/** Concurrent batches: more than two compete for the one processor that PostgreSQL leaves free. */
const loops = 2
const queue = 'events'

/** Starts pg-boss without its periodic housekeeping and with one queue in a table of its own. */
export async function openBoss(url: string): Promise<PgBoss> {
  const boss = new PgBoss({ connectionString: url, supervise: false, schedule: false })
  await boss.start()
  await boss.createQueue(queue, { partition: true })
  return boss
}

/** Replaces all jobs by the events, by the library's own function for many jobs. */
export async function fillBoss(boss: PgBoss, client: Client): Promise<void> {
  await boss.deleteAllJobs(queue)
  for (let first = 0; first < eventCount; first += 5_000) {
    const { rows } = await client.query<{ data: object }>(selectDocuments, [first, first + 4_999])
    await boss.insert(queue, rows)
  }
  await client.query('VACUUM ANALYZE pgboss.job')
}

const selectDocuments = `
  SELECT json_build_object(
    'id', ${event.id}, 'aggregateType', ${event.aggregateType},
    'aggregateId', ${event.aggregateId}, 'type', ${event.type},
    'version', ${event.version}, 'payload', ${event.payload}) AS data
  FROM generate_series($1::int, $2::int) AS n`

/**
 * Fetches and completes batch after batch, without the pauses of the library's `work`, and deletes
 * the completed jobs, as its housekeeping does.
 */
export async function fetchAll(
  boss: PgBoss,
  hand: (events: readonly unknown[]) => Promise<void>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: loops }, async () => {
      for (
        let jobs = await boss.fetch(queue, { batchSize });
        jobs.length > 0;
        jobs = await boss.fetch(queue, { batchSize })
      ) {
        await hand(jobs)
        await boss.complete(
          queue,
          jobs.map(({ id }) => id),
        )
      }
    }),
  )
  await boss.deleteStoredJobs(queue)
}
