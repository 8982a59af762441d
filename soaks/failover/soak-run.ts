import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate, orThrow, type Stores } from '@headwater/core'
import { repositoriesMigrations } from '@headwater/repositories'
import { createDatabase, type PostgresServer, type RedisServer } from '@headwater/testing'
import { nowNs } from '../cache/ledger.ts'
import { Observer } from '../cache/observer.ts'
import { rowCount } from '../cache/rows.ts'
import { Destination } from '../outbox/destination.ts'
import { Crew } from './crew.ts'
import { failOver } from './failovers.ts'
import { Pair } from './pair.ts'
import { SentinelGroup } from './sentinel-group.ts'
import { connectStores, raise, rowCache, type Urls } from './rows.ts'
import { createCourses, createTables, createUsers } from './tables.ts'
import { type Verdict, verdictOn } from './verdict.ts'

/** One soak. The first primary is gone after it, as all later ones are. */
export interface SoakRun {
  readonly seconds: number
  readonly postgres: PostgresServer
  /** Takes the effects, and never fails. What caches use is a group of its own, with Sentinels. */
  readonly redis: RedisServer
}

/** The verdict on a soak. */
export interface SoakResult extends Verdict {
  readonly promotions: number
  /** Workers that ended before they were told to. */
  readonly fallen: readonly string[]
  /** Whether every sink received everything in the end. */
  readonly isDrained: boolean
}

const drainMs = 120_000
/** For the time that a soak takes beyond its length. */
const spareCourses = 60

/**
 * Runs readers, writers, sellers, keepers of sessions and relays while the primary is killed and
 * its standby promoted again and again, and judges all of them.
 */
export async function runSoak({ seconds, postgres, redis }: SoakRun): Promise<SoakResult> {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-soak-'))
  const pair = await Pair.open(postgres, await createDatabase(postgres.url))
  const group = await SentinelGroup.start()
  const urls: Urls = { postgresUrl: pair.front.url, sentinels: group.addresses }
  const prefix = `soak:${randomBytes(4).toString('hex')}:`
  const courses = Math.ceil(seconds) + spareCourses
  const destination = await Destination.open(redis.url, prefix)
  try {
    await prepare(urls, courses)
    const observer = Observer.start(urls.postgresUrl)
    const replicaUrl = pair.replicaFront.url
    const startedAt = nowNs()
    const crew = await Crew.start({
      ...urls,
      ...{ replicaUrl, redisUrl: redis.url, prefix, courses, startedAt, directory },
    })
    try {
      const promotions = await failOver({ pair, redis: group }, seconds * 1_000)
      await crew.rest()
      const observed = await observer.stop()
      const stores = await connectStores(urls)
      await raiseAll(stores)
      const isDrained = await crew.drain(drainMs)
      const verdict = await verdictOn({ promotions, observed, crew, stores, destination })
      orThrow(await stores.close())
      return { ...verdict, promotions: promotions.length, fallen: crew.fallen, isDrained }
    } finally {
      await Promise.all([observer.stop(), crew.close()])
    }
  } finally {
    destination.close()
    await Promise.all([pair.close(), group.stop()])
    await rm(directory, { recursive: true, force: true })
  }
}

async function prepare(urls: Urls, courses: number): Promise<void> {
  const stores = await connectStores(urls)
  orThrow(await migrate(stores, { sets: [repositoriesMigrations] }))
  const { postgres } = stores
  await postgres.client.query(createTables)
  orThrow(await postgres.query(createUsers))
  orThrow(await postgres.query(createCourses, [courses]))
  orThrow(await stores.close())
}

/** One last change of each row: a state sink is told of it whatever it took from a lost future. */
async function raiseAll(stores: Stores): Promise<void> {
  const cache = rowCache(stores)
  for (let id = 0; id < rowCount; id += 1) orThrow(await raise({ stores, cache }, id))
}
