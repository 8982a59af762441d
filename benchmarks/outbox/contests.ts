import { Client } from 'pg'
import type { Contest } from '../measure/alternate.ts'
import { say } from '../measure/say.ts'
import { eventCount, fillLog } from './backlog.ts'
import { fillJobs, workAll } from './graphile-worker.ts'
import type { OutboxFixture } from './outbox-fixture.ts'
import { fetchAll, fillBoss, openBoss } from './pg-boss.ts'
import { publishingContest, transactionContest } from './publishing.ts'
import { purgeAll, relayAll } from './relaying.ts'
import { fastestBatchSize, fillQueue, takeAll } from './skip-locked.ts'
import { twoRelaysContest } from './two-relays.ts'

/** The contests; each is named by its figure. */
export type ContestName =
  | 'vsSkipLocked'
  | 'vsGraphileWorker'
  | 'vsPgBoss'
  | 'heldXminLoss'
  | 'publishManyVsOne'
  | 'transactionOverhead'
  | 'twoRelaysVsOne'

/** A contest that may have a connection to close afterwards. */
export type ClosingContest = Contest & { readonly close?: () => Promise<unknown> }

const noOp = async (): Promise<void> => undefined

/**
 * Opens the contest of a figure. Each round of a delivery begins with 100,000 undelivered events
 * and ends when all of them are delivered and deleted.
 */
export const contests: Record<ContestName, (fixture: OutboxFixture) => Promise<ClosingContest>> = {
  vsSkipLocked: async (fixture) => {
    const batchSize = await fastestBatchSize(fixture.client, fixture.pool)
    say(`SKIP LOCKED is fastest here with batches of ${batchSize}`)
    return delivering(fixture, async () => {
      await fillQueue(fixture.client)
      return () => takeAll(fixture.pool, batchSize, noOp)
    })
  },

  vsGraphileWorker: async (fixture) =>
    delivering(fixture, async () => {
      await fillJobs(fixture.client, fixture.pool)
      return () => workAll(fixture.pool, noOp)
    }),

  vsPgBoss: async (fixture) => {
    const boss = await openBoss(fixture.url)
    const contest = delivering(fixture, async () => {
      await fillBoss(boss, fixture.client)
      return () => fetchAll(boss, noOp)
    })
    return { ...contest, close: () => boss.stop({ graceful: false }) }
  },

  /** Delivering while a transaction older than every event stays open, against without it. */
  heldXminLoss: async ({ client, stores, url }) => {
    const holder = new Client({ connectionString: url })
    await holder.connect()
    const round = (begin: string) => async () => {
      await holder.query('ROLLBACK')
      await holder.query(begin)
      await fillLog(client)
      return () => relayAll(stores)
    }
    return {
      ours: round('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_current_xact_id()'),
      theirs: round('SELECT 1'),
      operations: eventCount,
      close: () => holder.end(),
    }
  },

  publishManyVsOne: async ({ stores }) => publishingContest(stores),

  transactionOverhead: async ({ stores }) => transactionContest(stores),

  twoRelaysVsOne: async (fixture) => twoRelaysContest(fixture),
}

function delivering({ client, stores }: OutboxFixture, theirs: Contest['theirs']): Contest {
  const ours = async (): Promise<() => Promise<void>> => {
    await fillLog(client)
    return async () => {
      await relayAll(stores)
      await purgeAll(stores)
    }
  }
  return { ours, theirs, operations: eventCount }
}
