import { orThrow, rebuild, type RebuildOptions, type ResyncReport } from '@headwater/core'
import { eventually } from '@headwater/testing'
import {
  findInconsistencies,
  validOf,
  type Inconsistencies,
  type Ledgers,
} from './inconsistencies.ts'
import { database, type Platform } from './platform.ts'
import { settle } from './work.ts'

/** A store that was lost whole, and what came back. */
export interface Loss {
  /** Time until everything that comes back was back, in milliseconds. */
  readonly rtoMs: number
  /** Records before the loss, right after it and in the end; what they are depends on the store. */
  readonly before: number
  readonly meanwhile: number
  readonly after: number
  /** What PostgreSQL denies of what all stores hold in the end. */
  readonly wrong: Inconsistencies
  /** What `rebuild` says. */
  readonly report: ResyncReport
}

/** How a store is lost: it is there again, empty, when the promise resolves. */
export type Lose = () => Promise<void>

/** Loses Redis: counts valid sessions. None returns. */
export async function loseRedis(platform: Platform, ledgers: Ledgers, lose: Lose): Promise<Loss> {
  const count = () => validOf(platform, ledgers.before.tokens)
  return play(platform, ledgers, { store: 'redis', count, lose })
}

/** Loses MongoDB: counts enrollment events. */
export async function loseMongodb(platform: Platform, ledgers: Ledgers, lose: Lose): Promise<Loss> {
  const count = async () =>
    (await platform.stores.mongodb?.client
      .db(database)
      .collection('enrollment_events')
      .countDocuments()) ?? 0
  return play(platform, ledgers, { store: 'mongodb', count, lose })
}

/** Loses the vector index: counts vectors. */
export async function loseVectors(platform: Platform, ledgers: Ledgers): Promise<Loss> {
  const count = async () => orThrow(await platform.search.index.verify()).records
  const lose = async () => {
    const index = platform.stores.pinecone?.client.index({ name: 'course-search' })
    const stats = await index?.describeIndexStats()
    for (const name of Object.keys(stats?.namespaces ?? {})) await index?.deleteNamespace(name)
  }
  return play(platform, ledgers, { store: 'pinecone', count, lose })
}

interface LossToPlay {
  readonly store: RebuildOptions['store']
  readonly count: () => Promise<number>
  readonly lose: Lose
}

async function play(
  platform: Platform,
  ledgers: Ledgers,
  { store, count, lose }: LossToPlay,
): Promise<Loss> {
  const { stores, parts } = platform
  const before = await count()
  const startedMs = performance.now()
  await lose()
  // The client finds out, and connects again.
  const meanwhile = await eventually(count, { timeoutMs: 60_000 })
  const report = await eventually(
    async () => orThrow(await rebuild(stores, { store, parts, apply: true })),
    { timeoutMs: 60_000 },
  )
  await settle(platform)
  const rtoMs = Math.round(performance.now() - startedMs)
  const wrong = await findInconsistencies(platform, ledgers)
  return { rtoMs, before, meanwhile, after: await count(), wrong, report }
}
