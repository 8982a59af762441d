import { Logger, run, runMigrations, type WorkerEvents } from 'graphile-worker'
import { EventEmitter } from 'node:events'
import type { Client, Pool } from 'pg'
import { event, eventCount, inTransactions } from './backlog.ts'

/** The advice of its page on performance for many quick jobs, with the sizes that were fastest. */
const batching = {
  concurrentJobs: 24,
  localQueue: { size: 500 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
}
const logger = new Logger(() => () => undefined)

/** Adds the events as jobs, by the library's own function for many jobs. */
export async function fillJobs(client: Client, pool: Pool): Promise<void> {
  await runMigrations({ pgPool: pool, logger })
  await client.query('TRUNCATE graphile_worker._private_jobs')
  await client.query(
    inTransactions(
      (events) => `
    PERFORM graphile_worker.add_jobs(array_agg(
      ('deliver', ${document}, NULL, NULL, NULL, NULL, NULL, NULL)::graphile_worker.job_spec))
    FROM ${events}`,
    ),
  )
  await client.query('VACUUM ANALYZE graphile_worker._private_jobs')
}

const document = `json_build_object(
  'id', ${event.id}, 'aggregateType', ${event.aggregateType},
  'aggregateId', ${event.aggregateId}, 'type', ${event.type},
  'version', ${event.version}, 'payload', ${event.payload})`

/** Runs all jobs until each is done; the library deletes jobs that are done. */
export async function workAll(
  pool: Pool,
  hand: (events: readonly unknown[]) => Promise<void>,
): Promise<void> {
  const { promise: done, resolve } = Promise.withResolvers<undefined>()
  const events = new EventEmitter() as WorkerEvents
  let count = 0
  events.on('job:complete', () => {
    count += 1
    if (count === eventCount) resolve(undefined)
  })
  const runner = await run({
    pgPool: pool,
    logger,
    noHandleSignals: true,
    events,
    parsedCronItems: [],
    preset: { worker: batching },
    taskList: {
      deliver: async (payload) => {
        await hand([payload])
      },
    },
  })
  await done
  await runner.stop()
}
