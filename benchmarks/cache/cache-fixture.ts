import { connect, migrate, orThrow, type Stores } from '@headwater/core'
import { Pool } from 'pg'
import type { Bench } from '../measure/bench.ts'
import { openRawRedis, type RawRedis } from './raw-redis.ts'
import { createUsers } from './users.ts'

/** The users of the benchmark, and the clients that both sides read them with. */
export interface CacheFixture {
  readonly stores: Stores
  readonly raw: RawRedis
  readonly pool: Pool
  readonly redisUrl: string
  readonly postgresUrl: string
  close(this: void): Promise<void>
}

/** Connects both sides and creates the users. */
export async function openCacheFixture({ postgres, redis }: Bench): Promise<CacheFixture> {
  const pool = new Pool({ connectionString: postgres.url })
  const stores = orThrow(
    await connect({ postgres: { url: postgres.url }, redis: { url: redis.url } }),
  )
  orThrow(await migrate(stores))
  await pool.query(createUsers)
  const raw = await openRawRedis(redis.url, pool)
  return {
    stores,
    raw,
    pool,
    redisUrl: redis.url,
    postgresUrl: postgres.url,
    close: async () => {
      await Promise.all([raw.close(), pool.end(), stores.close()])
    },
  }
}
