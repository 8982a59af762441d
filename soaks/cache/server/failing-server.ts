import { type RedisServer, startRedisServer } from '@headwater/testing'
import type { FailingRedis } from '../failing-redis.ts'
import { ServerFaults } from './server-faults.ts'

/** Empties one Redis and starts a replica that takes over from it. */
export async function startFailingServer(redis: RedisServer): Promise<FailingRedis> {
  await redis.restart()
  const replica = await startRedisServer()
  return {
    address: { url: redis.url },
    faultsOf: (fleet, postgres) => new ServerFaults(fleet, { ...postgres, redis, replica }),
    stop: () => replica.stop(),
  }
}
