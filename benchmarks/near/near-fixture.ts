import { setImmediate, setTimeout } from 'node:timers/promises'
import { type Cache, connect, defineCache, migrate, orThrow, type Stores } from '@headwater/core'
import type { Bench } from '../measure/bench.ts'
import { say } from '../measure/say.ts'
import { type Course, courseCodec, loadCourses } from './courses.ts'

/** The stores that the benchmark reads and writes with. */
export interface NearFixture {
  readonly stores: Stores
  readonly redisUrl: string
  readonly postgresUrl: string
  close(this: void): Promise<void>
}

const longestMs = 30_000
const pauseMs = 5

/** Connects with the near tier, and makes the rows that commits change. */
export async function openNearFixture({ postgres, redis }: Bench): Promise<NearFixture> {
  const urls = { redisUrl: redis.url, postgresUrl: postgres.url }
  const stores = await connectNear(urls)
  stores.diagnostics.on('near:leave', ({ reason }) => {
    say(`the near tier was left: ${reason}`)
  })
  orThrow(await migrate(stores))
  orThrow(
    await stores.postgres.query('CREATE TABLE @schema.bench (id int PRIMARY KEY, version int)'),
  )
  orThrow(
    await stores.postgres.query(
      'INSERT INTO @schema.bench SELECT id, 1 FROM generate_series(1, 1000) AS id',
    ),
  )
  return {
    stores,
    ...urls,
    close: async () => {
      orThrow(await stores.close())
    },
  }
}

/** Connects with the near tier. */
export async function connectNear({
  redisUrl,
  postgresUrl,
}: Pick<NearFixture, 'redisUrl' | 'postgresUrl'>): Promise<Stores> {
  return orThrow(
    await connect({ postgres: { url: postgresUrl }, redis: { url: redisUrl }, near: {} }),
  )
}

/** Defines a cache of courses. */
export function courseCache(
  stores: Stores,
  name: string,
  near: { readonly maxBytes?: number } | false = {},
): Cache<number, Course> {
  return defineCache<number, Course>(stores, {
    name,
    near,
    ttlMs: 3_600_000,
    codec: courseCodec,
    load: loadCourses,
  })
}

/** Reads until this process keeps the values of all ids. */
export async function makeNear<Value>(
  cache: Cache<number, Value>,
  ids: readonly number[],
): Promise<void> {
  const startedAt = performance.now()
  // Near hits leave no turn of the event loop for the renewals of the right to answer with them.
  await setImmediate()
  for (;;) {
    const distant = ids.filter((id) => cache.peek(id) === undefined)
    if (distant.length === 0) return
    if (performance.now() - startedAt > longestMs)
      throw new Error(`${cache.name}: ${distant.length} values are still not near`)
    orThrow(await cache.getMany(distant))
    await setTimeout(pauseMs)
  }
}
