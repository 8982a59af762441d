import { setTimeout } from 'node:timers/promises'
import { migrate, orThrow } from '@headwater/core'
import { createRepositories, repositoriesMigrations } from '@headwater/repositories'
import {
  pineconeIndex,
  searchMigrations,
  type VectorIndex,
  type VerifyReport,
} from '@headwater/search'
import { anyOf } from '../run/chance.ts'
import { Chaos } from './chaos.ts'
import { Ledger } from './ledger.ts'
import { dimensions, Platform, type Servers } from './platform.ts'
import { search, write, type Worked } from './work.ts'

const courseCount = 240
const [writers, searchers] = [3, 3]

/** The result of a soak. */
export interface SoakResult extends Worked {
  /** Differences between PostgreSQL and the index of any generation at the end. */
  readonly drift: number
  /** The most differences during the run: proof that the comparison sees any. */
  readonly driftMeanwhile: number
  /** Whether the generation was switched. */
  readonly isSwitched: boolean
  readonly faults: Readonly<Record<string, number>>
}

/**
 * Writes and searches while services fail and processes are killed, switches the generation
 * half-way, and compares at the end.
 */
export async function runSoak(servers: Servers, seconds: number): Promise<SoakResult> {
  const platforms = [
    await Platform.open(servers, { isNext: true }),
    await Platform.open(servers, { isNext: true }),
  ]
  const current = (): Platform => anyOf(platforms)
  const [first] = platforms as [Platform, Platform]
  const ids = await prepare(first)
  for (const { relay } of platforms) relay.start()
  const worked: Worked = {
    edits: 0,
    searches: 0,
    failedSearches: 0,
    denied: 0,
    deniedByIndexAlone: 0,
  }
  const ledger = new Ledger()
  const replace = async (): Promise<void> => {
    const next = await Platform.open(servers, { isNext: true })
    next.relay.start()
    const ended = platforms.splice(1, 1, next)
    // A crash: pending acknowledgements are lost.
    await Promise.all(ended.map((platform) => platform.end({ deadlineMs: 1 })))
  }
  const chaos = new Chaos(servers, replace)
  const untilMs = performance.now() + seconds * 1_000
  let driftMeanwhile = 0
  const watch = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      driftMeanwhile = Math.max(
        driftMeanwhile,
        (await first.search.index.verify()).map(differencesOf).unwrapOr(0),
      )
      await setTimeout(200)
    }
  }
  const indexes = await indexesOf(first)
  const writing = Array.from({ length: writers }, (_, place) =>
    write(
      {
        courses: first.courses,
        ids: ids.filter((_, number) => number % writers === place),
        ledger,
        worked,
      },
      untilMs,
    ),
  )
  const searching = Array.from({ length: searchers }, () =>
    search({ platform: current, indexes, ledger, worked }, untilMs),
  )
  const [isSwitched] = await Promise.all([
    switchWhile(first, seconds, untilMs),
    chaos.run(untilMs),
    watch(),
    ...writing,
    ...searching,
  ])
  chaos.restore()
  const drift = await settled(first)
  for (const platform of platforms) await platform.end({ deadlineMs: 5_000 })
  return { ...worked, drift, driftMeanwhile, isSwitched, faults: chaos.counts }
}

async function prepare({ stores, search }: Platform): Promise<number[]> {
  orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
  const { users } = createRepositories(stores)
  orThrow(
    await users.create({
      email: 'teacher@example.com',
      username: 'teacher',
      passwordHash: 'x'.repeat(60),
      role: 'instructor',
    }),
  )
  const { rows } = orThrow(
    await stores.postgres.query<{ id: number }>(
      `INSERT INTO courses (title, category, instructor_id, price, is_published)
       SELECT 'algebra and piano ' || number, 'Science', 1, 49, true
       FROM generate_series(1, $1::integer) AS number
       RETURNING id`,
      [courseCount],
    ),
  )
  const [former] = orThrow(await search.index.generations.list())
  orThrow(
    await search.index.reindexAll({ ...(former === undefined ? {} : { generation: former.name }) }),
  )
  return rows.map(({ id }) => id)
}

async function indexesOf({ stores, search }: Platform): Promise<VectorIndex[]> {
  return orThrow(await search.index.generations.list()).map(({ name }) =>
    pineconeIndex(stores, { namespace: name, dimensions }),
  )
}

/** Builds and activates the next generation after a third of the time, whatever fails. */
async function switchWhile(
  { search }: Platform,
  seconds: number,
  untilMs: number,
): Promise<boolean> {
  await setTimeout((seconds * 1_000) / 3)
  while (performance.now() < untilMs) {
    const filled = await search.index.reindexAll()
    const switched =
      filled.isOk() && (await search.index.generations.activate({ minCoverage: 0.9 })).isOk()
    if (switched) return true
    await setTimeout(100)
  }
  return false
}

async function settled({ relay, search }: Platform): Promise<number> {
  orThrow(await relay.drain({ deadlineMs: 120_000 }))
  let drift = 0
  for (const { name } of orThrow(await search.index.generations.list())) {
    const report = orThrow(await search.index.verify({ generation: name }))
    for (const difference of report.differences)
      process.stderr.write(`  ${name.slice(0, 6)} ${JSON.stringify(difference)}\n`)
    drift += differencesOf(report)
  }
  return drift
}

function differencesOf({ missing, orphaned, stale, wrongGeneration }: VerifyReport): number {
  return missing + orphaned + stale + wrongGeneration
}
