import { connect, migrate, orThrow, type Stores } from '@headwater/core'
import { Client, Pool } from 'pg'
import type { Contest } from '../measure/alternate.ts'
import { eventCount, fillLog, rewindLog } from './backlog.ts'
import { fillJobs, workAll } from './graphile-worker.ts'
import { fetchAll, fillBoss, openBoss } from './pg-boss.ts'
import { createCourses, publishingContest, transactionContest } from './publishing.ts'
import { relayAll } from './relaying.ts'
import { fillQueue, takeAll } from './skip-locked.ts'

/** Where everything takes place. */
export interface Grounds {
  readonly stores: Stores
  readonly pool: Pool
  /** For what is done between rounds. */
  readonly client: Client
  readonly url: string
  close(): Promise<void>
}

/** Connects, and creates tables. */
export async function openGrounds(url: string, redisUrl: string): Promise<Grounds> {
  const stores = orThrow(await connect({ postgres: { url }, redis: { url: redisUrl } }))
  orThrow(await migrate(stores))
  const pool = new Pool({ connectionString: url })
  // Graphile Worker wants them.
  pool.on('error', ignore)
  pool.on('connect', (connection) => {
    connection.on('error', ignore)
  })
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(createCourses)
  return {
    stores,
    pool,
    client,
    url,
    close: async () => {
      await Promise.all([stores.close(), pool.end(), client.end()])
    },
  }
}

const ignore = (): void => undefined
const noOp = async (): Promise<void> => undefined

/**
 * The contests, by figure. Each round of a delivery begins with 100,000 events that nobody has
 * seen.
 */
export const contests: Record<ContestName, (grounds: Grounds) => Promise<ClosingContest>> = {
  vsSkipLocked: async (grounds) =>
    delivering(grounds, async () => {
      await fillQueue(grounds.client)
      return () => takeAll(grounds.pool, noOp)
    }),

  vsGraphileWorker: async (grounds) =>
    delivering(grounds, async () => {
      await fillJobs(grounds.client, grounds.pool)
      return () => workAll(grounds.pool, noOp)
    }),

  vsPgBoss: async (grounds) => {
    const boss = await openBoss(grounds.url)
    const contest = await delivering(grounds, async () => {
      await fillBoss(boss, grounds.client)
      return () => fetchAll(boss, noOp)
    })
    return { ...contest, close: () => boss.stop({ graceful: false }) }
  },

  /**
   * The same with a transaction open elsewhere that began before the first event, against itself
   * without one.
   */
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
}

/** Contests are named by their figures. */
export type ContestName =
  | 'vsSkipLocked'
  | 'vsGraphileWorker'
  | 'vsPgBoss'
  | 'heldXminLoss'
  | 'publishManyVsOne'
  | 'transactionOverhead'

/** A contest that may have something to end afterwards. */
export type ClosingContest = Contest & { readonly close?: () => Promise<unknown> }

/** Headwater against something else. */
async function delivering(
  { client, stores }: Grounds,
  theirs: Contest['theirs'],
): Promise<Contest> {
  await fillLog(client)
  const ours = async (): Promise<() => Promise<void>> => {
    await rewindLog(client)
    return () => relayAll(stores)
  }
  return { ours, theirs, operations: eventCount }
}
