import { afterAll, beforeAll, expect, inject } from 'vitest'
import {
  beginChange,
  connect,
  createRateLimiter,
  createRelay,
  createSessions,
  defineCache,
  defineSink,
  FailureError,
  migrate,
  ok,
  orThrow,
  transaction,
  type Relay,
  type Stores,
} from '@headwater/core'
import {
  createRepositories,
  repositoriesMigrations,
  type Repositories,
} from '@headwater/repositories'
import {
  createCourseSearch,
  openaiEmbedder,
  pineconeIndex,
  searchMigrations,
  type CourseSearch,
} from '@headwater/search'
import {
  eventually,
  faultProxy,
  isolate,
  type FaultProxy,
  type IsolatedStores,
} from '@headwater/testing'
import type { ActivitySource } from '../src/index.ts'

/** A process with everything that reports, and a proxy in front of PostgreSQL. */
export interface Shop {
  readonly stores: Stores
  readonly repositories: Repositories
  readonly activity: ActivitySource
  readonly search: CourseSearch
  readonly relay: Relay
  readonly postgres: FaultProxy
  /** Does some of everything, and waits until the relay has delivered it. */
  work(): Promise<void>
}

const createSlot = 'SELECT pg_create_physical_replication_slot($1, true)'
const dropSlot =
  'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1'

/** Opens a shop before the tests of the file; `opened` runs as soon as its stores are connected. */
export function useShop(opened: (shop: Pick<Shop, 'stores'>) => void): () => Shop {
  const slot = `telemetry_${Math.random().toString(36).slice(2)}`
  let own: IsolatedStores
  let shop: Shop
  beforeAll(async () => {
    own = await isolate(inject('stack'))
    shop = await open(own, opened)
    await shop.stores.postgres.client.query(createSlot, [slot])
  })
  afterAll(async () => {
    shop.postgres.restore()
    await shop.stores.postgres.client.query(dropSlot, [slot])
    orThrow(await shop.stores.close({ deadlineMs: 60_000 }))
    await shop.postgres.close()
    await own.dispose()
  })
  return () => shop
}

async function open(
  { redis, mongodb, pinecone, openai, ...own }: IsolatedStores,
  opened: (shop: Pick<Shop, 'stores'>) => void,
): Promise<Shop> {
  const postgres = await faultProxy(own.postgres.url)
  const stores = orThrow(
    await connect({
      postgres: { url: postgres.url, connectTimeoutMs: 60_000 },
      redis: { url: redis.url, keyPrefix: redis.prefix, deadlineMs: 10_000 },
      mongodb: { url: mongodb.url, database: mongodb.database },
      pinecone: {
        apiKey: pinecone.apiKey,
        index: pinecone.index,
        controllerHostUrl: pinecone.url,
      },
      near: { maxBytes: 1_000_000, auditEveryMs: 1 },
    }),
  )
  opened({ stores })
  orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
  const repositories = createRepositories(stores)
  const { courses, activity } = repositories
  const embedder = openaiEmbedder({
    apiKey: openai.apiKey,
    baseURL: openai.url,
    diagnostics: stores.diagnostics,
  })
  const index = pineconeIndex(stores, { namespace: pinecone.namespace })
  const search = createCourseSearch(stores, {
    courses,
    activity,
    embedder,
    index,
    legDeadlineMs: 10_000,
  })
  const sinks = [...repositories.sinks, ...search.sinks, broken]
  const relay = createRelay(stores, { sinks })
  relay.start()
  const shop = { stores, repositories, activity, search, relay, postgres }
  return { ...shop, work: () => work(shop) }
}

/** Takes nothing of what it is given. */
const broken = defineSink({
  name: 'broken',
  types: ['course.published'],
  mode: 'log',
  handle: async () => {
    throw new FailureError({ type: 'partner-refused', message: 'HTTP 410', retryable: false })
  },
})

async function work({ stores, repositories, search, relay }: Omit<Shop, 'work'>): Promise<void> {
  const { users, courses, enrollments, activity } = repositories
  const name = `u${Math.random().toString(36).slice(2)}`
  const user = orThrow(
    await users.create({ email: `${name}@example.org`, username: name, passwordHash: 'hash' }),
  )
  const course = orThrow(
    await courses.create({ title: 'Linear algebra', instructorId: user.id, price: '20.00' }),
  )
  orThrow(await courses.publish(course.id))
  orThrow(await enrollments.enroll({ userId: user.id, courseId: course.id }))
  for (let times = 0; times < 3; times += 1) orThrow(await courses.get(course.id))
  orThrow(activity.record({ userId: user.id, type: 'lesson.opened' }))
  await activity.flush()
  orThrow(await relay.drain())
  await eventually(async () => {
    const { hits } = orThrow(await search.search('linear algebra'))
    if (hits.length === 0) throw new Error('the course is not in the index yet')
  })
  orThrow(await search.index.verify())
  const sessions = createSessions(stores)
  const { token } = orThrow(await sessions.create({ userId: user.id }))
  orThrow(await sessions.revoke(token))
  await createRateLimiter(stores, { name: 'login', limit: 5 }).take(name)
  const notes = defineCache<number, string>(stores, {
    name: `note-${name}`,
    keyName: 'note',
    ttlMs: 60_000,
    load: async (ids) => new Map(ids.map((id) => [id, 'text'])),
  })
  let waits = 0
  stores.diagnostics.on('near:wait', () => void (waits += 1))
  await eventually(async () => {
    for (let times = 0; times < 3; times += 1) orThrow(await notes.getMany([1, 2]))
    orThrow(
      await transaction(stores, async (tx) => {
        await tx.query('SELECT 1')
        tx.invalidate(notes.key(1))
        return ok(undefined)
      }),
    )
    expect(waits).toBeGreaterThan(0)
  })
  const change = beginChange(stores)
  change.invalidate(notes.key(2))
  orThrow(await change.hold())
  orThrow(await notes.get(2))
  await change.release()
  expect((await stores.postgres.query('SELECT 1/0')).isErr()).toBe(true)
}
