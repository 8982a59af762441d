import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { connect, migrate, ok, orThrow, type Stores, transaction } from '@headwater/core'
import {
  createDatabase,
  dropDatabase,
  type PostgresServer,
  type RedisServer,
} from '@headwater/testing'
import { createTables } from './accounts.ts'
import { Changes } from './changes.ts'
import { Chaos } from './chaos.ts'
import { type Counts, Destination } from './destination.ts'
import { Elsewhere } from './elsewhere.ts'
import { Fleet } from './fleet.ts'
import { rollOut } from './roll-out.ts'
import { settle, type Settled } from './settle.ts'
import { drawAccount, type WriterCounts } from './writer.ts'
import { Writers } from './writers.ts'

/** One soak. */
export interface SoakRun {
  readonly seconds: number
  readonly postgres: PostgresServer
  readonly redis: RedisServer
}

/** The verdict on a soak. */
export interface SoakResult extends Settled {
  /** Relay processes that ended by SIGKILL, including those that a poisoned event killed. */
  readonly kills: number
  /** Relay processes that exited without a kill. */
  readonly falls: number
  /** Restarts of PostgreSQL, after a shutdown, a crash or a promotion. */
  readonly restarts: number
  /** Whether the new release was deployed beside the old one. */
  readonly isRolledOut: boolean
  /** How often each fault was played. */
  readonly faults: Readonly<Record<string, number>>
  /** The faults that were never played. */
  readonly missingFaults: readonly string[]
  readonly writers: WriterCounts
  readonly destination: Counts
}

/** A database of the soak and the stores connected to it. */
export interface Site {
  readonly postgresUrl: string
  readonly stores: Stores
  readonly changes: Changes
}

const relays = 3
const deadlyEveryMs = 15_000

/** Runs writers and relays on a server and with sinks that fail, and judges the final contents. */
export function runSoak({ seconds, postgres, redis }: SoakRun): Promise<SoakResult> {
  return onSite({ postgres, redis }, async (site) => {
    const prefix = `soak:${randomBytes(4).toString('hex')}:`
    const destination = await Destination.open(redis.url, prefix)
    const fleet = await Fleet.start({
      relays,
      postgresUrl: site.postgresUrl,
      redisUrl: redis.url,
      prefix,
    })
    const elsewhere = new Elsewhere(site.postgresUrl)
    const writers = new Writers(site)
    const { postgresUrl, stores, changes } = site
    const chaos = new Chaos(fleet, { postgres, postgresUrl })
    try {
      const [isRolledOut] = await Promise.all([
        rollOut({ fleet, stores, changes }, seconds * 1_000),
        chaos.run(seconds * 1_000),
        publishDeadly(site, seconds * 1_000),
      ])
      const counts = await writers.stop()
      const { acknowledged } = writers
      const settled = await settle({ fleet, stores, destination, acknowledged })
      return {
        ...settled,
        kills: fleet.kills,
        falls: fleet.falls,
        restarts: chaos.restarts,
        isRolledOut,
        faults: chaos.faults,
        missingFaults: chaos.missing,
        writers: counts,
        destination: await destination.counts(),
      }
    } finally {
      await elsewhere.stop()
      await fleet.close()
      destination.close()
    }
  })
}

/** Runs work on a database with the tables of the soak. */
export async function onSite<T>(
  { postgres, redis }: Omit<SoakRun, 'seconds'>,
  work: (site: Site) => Promise<T>,
): Promise<T> {
  const postgresUrl = await createDatabase(postgres.url)
  const stores = orThrow(
    await connect({
      postgres: { url: postgresUrl, statementTimeoutMs: 5_000 },
      redis: { url: redis.url },
    }),
  )
  try {
    orThrow(await migrate(stores))
    await stores.postgres.client.query(createTables)
    return await work({ postgresUrl, stores, changes: new Changes() })
  } finally {
    orThrow(await stores.close())
    await dropDatabase(postgresUrl)
  }
}

/** Periodically publishes an event that kills its relay. */
async function publishDeadly({ stores, changes }: Site, ms: number): Promise<void> {
  const endMs = performance.now() + ms
  for (
    let waitMs = Math.min(ms / 4, deadlyEveryMs);
    performance.now() + waitMs < endMs;
    waitMs = deadlyEveryMs
  ) {
    await setTimeout(waitMs)
    await transaction(stores, async (tx) => {
      tx.publish(await changes.one(tx, drawAccount(), { sink: 'log', how: 'kill' }))
      return ok(undefined)
    }).unwrapOr(undefined)
  }
}
