import { setTimeout } from 'node:timers/promises'
import { startMongodbStandIn } from '@headwater/testing'
import type { Platform } from '../platform.ts'

/** What may be away: the columns of the table. */
export const outageNames = ['PostgreSQL', 'Redis', 'MongoDB', 'Pinecone and OpenAI'] as const
/** One of them. */
export type Outage = (typeof outageNames)[number]

/** In which way. */
export const faultNames = ['down', 'hung', 'slow', 'restarting'] as const
/** One of them. */
export type Fault = (typeof faultNames)[number]

const slowMs = 10
const restartMs = 300

/**
 * Begins a fault. What it gives back resolves when the store serves again by itself, which only a
 * restart does.
 */
export async function begin(platform: Platform, outage: Outage, fault: Fault): Promise<void> {
  if (fault === 'restarting') return await restart(platform, outage)
  for (const target of targetsOf(platform, outage)) {
    if (fault === 'down') target.cut()
    else if (fault === 'hung') target.hang()
    else target.delay(slowMs)
  }
}

/** Ends every fault. */
export function endAll(platform: Platform): void {
  for (const outage of outageNames)
    for (const target of targetsOf(platform, outage)) target.restore()
}

interface Target {
  cut(): void
  hang(): void
  delay(ms: number): void
  restore(): void
}

function targetsOf({ proxies, servers }: Platform, outage: Outage): readonly Target[] {
  switch (outage) {
    case 'PostgreSQL':
      return [proxies.postgres]
    case 'Redis':
      return [proxies.redis]
    case 'MongoDB':
      return [proxies.mongodb]
    case 'Pinecone and OpenAI':
      return [servers.pinecone.faults, servers.openai.faults]
  }
}

async function restart({ servers }: Platform, outage: Outage): Promise<void> {
  switch (outage) {
    case 'PostgreSQL':
      await servers.postgres.kill()
      await setTimeout(restartMs)
      return await servers.postgres.restart()
    case 'Redis':
      await servers.redis.kill()
      await setTimeout(restartMs)
      return await servers.redis.restart()
    case 'MongoDB':
      await servers.mongodb.stop()
      await setTimeout(restartMs)
      servers.mongodb = await startMongodbStandIn({
        port: servers.mongodb.port,
        store: servers.mongodb.store,
      })
      return
    case 'Pinecone and OpenAI':
      for (const target of [servers.pinecone.faults, servers.openai.faults]) target.cut()
      await setTimeout(restartMs)
      for (const target of [servers.pinecone.faults, servers.openai.faults]) target.restore()
  }
}
