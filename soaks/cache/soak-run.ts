import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { connect, migrate, orThrow } from '@headwater/core'
import {
  createDatabase,
  dropDatabase,
  startRedisServer,
  type PostgresServer,
  type RedisServer,
} from '@headwater/testing'
import { Client } from 'pg'
import { Chaos } from './chaos.ts'
import { createClock } from './clock-steps.ts'
import { Fleet } from './fleet.ts'
import { judge, type Verdict } from './judge.ts'
import { Observer } from './observer.ts'
import type { NearCounts } from './near/near-counts.ts'
import { reportOf } from './report.ts'
import { createRows } from './rows.ts'
import type { SubjectName } from './subject.ts'

/** One soak of one cache. */
export interface SoakRun {
  readonly subject: SubjectName
  readonly seconds: number
  readonly postgres: PostgresServer
  readonly redis: RedisServer
}

/** The verdict on a soak. */
export interface SoakResult extends Verdict {
  readonly kills: number
  /** Stale reads by the stronger rule, under which a version counts from its first sighting. */
  readonly staleReadsBySight: number
  /** What the near tiers of all workers did. */
  readonly near: NearCounts
  /** How often each fault was played. */
  readonly faults: Readonly<Record<string, number>>
  /** The story of the first stale reads, for people. */
  readonly report: string
}

const readers = 3
const writers = 3
const settleMs = 500

/** Runs readers and writers on stores that fail, and judges every read. */
export async function runSoak({ subject, seconds, postgres, redis }: SoakRun): Promise<SoakResult> {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-soak-'))
  await redis.restart()
  const replica = await startRedisServer()
  const postgresUrl = await createDatabase(postgres.url)
  try {
    await createTables(postgresUrl, redis.url)
    const observer = Observer.start(postgresUrl)
    const fleet = await Fleet.start({
      subject,
      readers,
      writers,
      directory,
      redisUrl: redis.url,
      postgresUrl,
    })
    const chaos = new Chaos(fleet, { redis, replica, postgres, postgresUrl })
    await chaos.run(seconds * 1_000)
    await setTimeout(settleMs)
    await fleet.close()
    const notes = [await observer.stop(), ...fleet.notes()]
    const verdict = judge(notes, chaos.windows)
    const staleReadsBySight = judge(notes, chaos.windows, 'seen').staleReads
    return {
      ...verdict,
      staleReadsBySight,
      kills: fleet.kills,
      near: fleet.nearCounts,
      faults: countFaults(chaos),
      report: reportOf(verdict, notes, chaos.windows),
    }
  } finally {
    await replica.stop()
    await dropDatabase(postgresUrl)
    await rm(directory, { recursive: true, force: true })
  }
}

async function createTables(postgresUrl: string, redisUrl: string): Promise<void> {
  const stores = orThrow(
    await connect({ postgres: { url: postgresUrl }, redis: { url: redisUrl } }),
  )
  orThrow(await migrate(stores))
  orThrow(await stores.close())
  const client = new Client({ connectionString: postgresUrl })
  await client.connect()
  await client.query(createRows)
  await client.query(createClock)
  await client.end()
}

function countFaults({ windows }: Chaos): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { fault, process } of windows) {
    const name = process === undefined ? fault : fault.replace(process, 'one process')
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
