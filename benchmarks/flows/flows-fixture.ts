import { orThrow } from '@headwater/core'
import { createDatabase } from '@headwater/testing'
import { createClient, type RedisClientType } from '@redis/client'
import { startMongodbProcess } from '../activity/mongodb-process.ts'
import type { Bench } from '../measure/bench.ts'
import { say } from '../measure/say.ts'
import { startServices } from '../search/services.ts'
import { ByHand } from './by-hand/by-hand.ts'
import { openClients, type Addresses } from './by-hand/clients.ts'
import { published, seeds } from './data.ts'
import { openOurs, type Ours } from './ours.ts'

/** Both sides, on the same servers and with the same rows. */
export interface FlowsFixture {
  readonly ours: Ours
  readonly byHand: ByHand
  /** Deletes the keys of a pattern from the Redis of a side, as an eviction would. */
  evict(this: void, side: 'ours' | 'byHand', pattern: string): Promise<void>
  close(): Promise<void>
}

/** What both sides run on. */
export interface FlowsServers extends Pick<Bench, 'postgres' | 'redis'> {
  /** Whether our side keeps values near. */
  readonly isNear: boolean
}

/**
 * Opens both sides: each has a database of its own in PostgreSQL and MongoDB, a numbered one in
 * Redis, so that `KEYS` by hand does not walk over our keys, and a namespace in Pinecone.
 */
export async function openFlowsFixture({
  postgres,
  redis,
  isNear,
}: FlowsServers): Promise<FlowsFixture> {
  const [mongodb, services] = await Promise.all([startMongodbProcess(), startServices(1_536)])
  const shared = { mongodbUrl: mongodb.url, services }
  const ours = await openOurs({
    ...shared,
    postgresUrl: postgres.url,
    redisUrl: redis.url,
    database: `bench_flows_ours_${process.pid}`,
    near: isNear ? {} : undefined,
  })
  const byHand = await openByHand({
    ...shared,
    postgresUrl: await createDatabase(postgres.url),
    redisUrl: `${redis.url}/1`,
    database: `bench_flows_by_hand_${process.pid}`,
  })
  await fill(ours, byHand)
  const ourRedis: RedisClientType = createClient({ url: redis.url })
  await ourRedis.connect()
  return {
    ours,
    byHand,
    evict: async (side, pattern) => {
      const client = side === 'ours' ? ourRedis : byHand.clients.redis
      const keys = await client.keys(pattern)
      if (keys.length > 0) await client.unlink(keys)
    },
    close: async () => {
      await byHand.settled()
      await ours.close()
      await byHand.clients.close()
      await ourRedis.close()
      await Promise.all([mongodb.stop(), services.stop()])
    },
  }
}

async function openByHand(addresses: Addresses): Promise<ByHand> {
  return new ByHand(await openClients(addresses))
}

async function fill(ours: Ours, byHand: ByHand): Promise<void> {
  say('filling both sides')
  for (const pool of [ours.postgres, byHand.clients.postgres]) {
    for (const [text, values] of seeds) await pool.query(text, [...values])
    await pool.query('VACUUM ANALYZE')
  }
  orThrow(await ours.search.index.reindexAll({ fromStart: true }))
  for (let id = 1; id <= published; id += 1) await byHand.search.indexCourse(id)
}
