import { connectOptionsFromEnv } from '@headwater/core'
import type { Ending } from '../ending.ts'
import { configuredRedis } from './configured-redis.ts'
import type { DemoRedis } from './demo-redis.ts'
import { startedRedis } from './started-redis.ts'

/** The Sentinels or the cluster that the environment names; else the first rung that works. */
export async function startDemoRedis(
  onProgress: (line: string) => void,
  ending: Ending,
): Promise<DemoRedis> {
  const { redis } = connectOptionsFromEnv(process.env)
  return redis?.sentinels === undefined && redis?.rootNodes === undefined
    ? startedRedis(onProgress, ending)
    : configuredRedis(redis)
}
