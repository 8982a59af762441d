import { setTimeout } from 'node:timers/promises'
import { startMongodbStandIn } from '@headwater/testing'
import type { Platform } from '../platform-fixture.ts'

/** The stores that can fail: the columns of the table. */
export const outageNames = ['PostgreSQL', 'Redis', 'MongoDB', 'Pinecone and OpenAI'] as const
/** A store, or a pair of services, that can fail. */
export type Outage = (typeof outageNames)[number]

/** The ways in which a store can fail. */
export const faultNames = ['down', 'hung', 'slow', 'restarting'] as const
/** A way in which a store can fail. */
export type Fault = (typeof faultNames)[number]

const slowMs = 10
const restartMs = 300

/** Begins a fault. For a restart it resolves once the store serves again, otherwise at once. */
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
