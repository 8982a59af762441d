import { isolate, startRedisServer, startTestStack, faultProxy } from '@headwater/testing'
import type { Rung, StoreAddress, StoreParts } from '@headwater/testing'
import type { Ending } from './ending.ts'
import type { Output } from './output.ts'

/** Rung and version of every started store. */
export type StoreReport = {
  readonly [store in string]: { readonly rung: Rung; readonly version: string }
}

/** An outage of Redis. */
export interface RedisOutage {
  /** A description for the reader. */
  readonly does: string
  /** Takes Redis away. */
  begin(): Promise<void>
  /** Brings it back, with the data it held at the beginning. */
  end(): Promise<void>
}

/** The stores of one run: an isolated part of each. */
export interface DemoStores {
  readonly parts: StoreParts
  readonly report: StoreReport
  readonly redisOutage: RedisOutage
  /** The URL of Redis without the proxy. */
  readonly redisUrl: string
}

const labels = {
  environment: 'from the environment',
  container: 'container',
  local: 'local server',
  'stand-in': 'stand-in',
} as const

/** Starts every store on the first rung that works, and prints the rung. */
export async function startDemoStores(output: Output, ending: Ending): Promise<DemoStores> {
  output.heading('Stores')
  const onProgress = (line: string) => {
    output.remark(line)
  }
  const starting = startTestStack({
    stores: ['postgres', 'mongodb', 'pinecone', 'openai'],
    onProgress,
  })
  const [stack, redis] = await Promise.all([starting, startRedis(onProgress, ending)])
  ending.add(() => stack.stop())
  const addresses = { ...stack.addresses(), redis: redis.address }
  const parts = await isolate(addresses)
  ending.add(() => parts.dispose())
  const { postgres, mongodb, pinecone, openai } = addresses
  const described = { postgres, redis: redis.address, mongodb, pinecone, openai }
  for (const [store, { rung, version }] of Object.entries(described))
    output.row(names[store] ?? store, labels[rung].padEnd(22), version)
  const report = Object.fromEntries(
    Object.entries(described).map(([store, { rung, version }]) => [store, { rung, version }]),
  )
  return { parts, report, redisOutage: redis.outage, redisUrl: redis.directUrl }
}

const names: Readonly<Record<string, string>> = {
  postgres: 'PostgreSQL',
  redis: 'Redis',
  mongodb: 'MongoDB',
  pinecone: 'Pinecone',
  openai: 'OpenAI',
}

interface DemoRedis {
  readonly address: StoreAddress
  readonly directUrl: string
  readonly outage: RedisOutage
}

/** A Redis that can be taken away: our own server is killed, any other is cut off by a proxy. */
async function startRedis(onProgress: (line: string) => void, ending: Ending): Promise<DemoRedis> {
  const stack = await startTestStack({ stores: ['redis'], onProgress })
  ending.add(() => stack.stop())
  if (stack.redis.rung !== 'local') return behindProxy(stack.redis, ending)
  // The stack's own server can be stopped, but not started again.
  await stack.stop()
  return ownServer(stack.redis, ending)
}

async function ownServer(address: StoreAddress, ending: Ending): Promise<DemoRedis> {
  const server = await startRedisServer()
  ending.add(() => server.stop())
  const outage: RedisOutage = {
    does: `redis-server (process ${server.pid}) is killed`,
    begin: async () => {
      await server.snapshot()
      await server.kill()
    },
    end: () => server.restart({ keepData: true }),
  }
  return { address: { ...address, url: server.url }, directUrl: server.url, outage }
}

async function behindProxy(address: StoreAddress, ending: Ending): Promise<DemoRedis> {
  const proxy = await faultProxy(address.url)
  ending.add(() => proxy.close())
  const outage: RedisOutage = {
    does: 'the connections to Redis are cut',
    begin: async () => {
      proxy.cut()
    },
    end: async () => {
      proxy.restore()
    },
  }
  return { address: { ...address, url: proxy.url }, directUrl: address.url, outage }
}
