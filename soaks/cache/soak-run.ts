import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { connect, migrate, orThrow } from '@headwater/core'
import {
  createDatabase,
  dropDatabase,
  type PostgresServer,
  type RedisServer,
} from '@headwater/testing'
import { Client } from 'pg'
import { Chaos } from './chaos.ts'
import { createClock } from './clock-steps.ts'
import type { FailingRedis } from './failing-redis.ts'
import { Fleet } from './fleet.ts'
import { judge, type Verdict } from './judge.ts'
import { Observer } from './observer.ts'
import type { NearCounts } from './near/near-counts.ts'
import { reportOf } from './report.ts'
import { createRows } from './rows.ts'
import { startFailingServer } from './server/failing-server.ts'
import type { RedisAddress, SubjectName } from './subject.ts'
import { createVisits } from './visits.ts'
import type { Crew } from './worker-slot.ts'

/** One soak of one cache. */
export interface SoakRun {
  readonly subject: SubjectName
  readonly seconds: number
  readonly postgres: PostgresServer
  readonly redis: RedisServer
}

/** What is soaked and for how long, on a Redis that is started for it. */
export interface SoakOn extends Omit<SoakRun, 'redis'> {
  readonly startRedis: () => Promise<FailingRedis>
  readonly crew: Crew
}

/** The verdict on a soak. */
export interface SoakResult extends Verdict {
  readonly kills: number
  /** Looks for sessions, whose stale ones found a session that had ended. */
  readonly visits: Verdict
  /** Stale reads by the stronger rule, under which a version counts from its first sighting. */
  readonly staleReadsBySight: number
  /** What the near tiers of all workers did. */
  readonly near: NearCounts
  /** How often each fault was played. */
  readonly faults: Readonly<Record<string, number>>
  /** The story of the first stale reads, for people. */
  readonly report: string
}

const settleMs = 500

/** Runs readers and writers on one Redis and a PostgreSQL that fail, and judges every read. */
export function runSoak({ redis, ...run }: SoakRun): Promise<SoakResult> {
  const crew = { readers: 3, writers: 3, visitors: 0 }
  return runSoakOn({ ...run, crew, startRedis: () => startFailingServer(redis) })
}

/** Runs the processes on stores that fail, and judges every read. */
export async function runSoakOn(run: SoakOn): Promise<SoakResult> {
  const { subject, crew, seconds, postgres, startRedis } = run
  const directory = await mkdtemp(join(tmpdir(), 'headwater-soak-'))
  const stops = [() => rm(directory, { recursive: true, force: true })]
  try {
    const redis = await startRedis()
    stops.push(() => redis.stop())
    const postgresUrl = await createDatabase(postgres.url)
    stops.push(() => dropDatabase(postgresUrl))
    await createTables(postgresUrl, redis.address)
    const observer = Observer.start(postgresUrl)
    stops.push(async () => void (await observer.stop()))
    const fleet = await Fleet.start({
      subject,
      ...crew,
      directory,
      redis: redis.address,
      postgresUrl,
    })
    const chaos = new Chaos(redis.faultsOf(fleet, { postgres, postgresUrl }))
    await chaos
      .run(seconds * 1_000)
      .then(() => setTimeout(settleMs))
      .finally(() => fleet.close())
    const notes = [await observer.stop(), ...fleet.notesOf('reader', 'writer')]
    const visitorNotes = fleet.notesOf('visitor')
    const visits = judge(visitorNotes, chaos.windows)
    const verdict = judge(notes, chaos.windows)
    const staleReadsBySight = judge(notes, chaos.windows, 'seen').staleReads
    return {
      ...verdict,
      staleReadsBySight,
      visits,
      kills: fleet.kills,
      near: fleet.nearCounts,
      faults: countFaults(chaos),
      report: [
        reportOf(verdict, notes, chaos.windows),
        reportOf(visits, visitorNotes, chaos.windows),
      ]
        .filter((story) => story !== '')
        .join('\n'),
    }
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

async function createTables(postgresUrl: string, redis: RedisAddress): Promise<void> {
  const stores = orThrow(await connect({ postgres: { url: postgresUrl }, redis }))
  orThrow(await migrate(stores))
  orThrow(await stores.close())
  const client = new Client({ connectionString: postgresUrl })
  await client.connect()
  await client.query(createRows)
  await client.query(createVisits)
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
