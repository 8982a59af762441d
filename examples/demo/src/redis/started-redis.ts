import { faultProxy, isolate, startRedisServer, startTestStack } from '@headwater/testing'
import type { StoreAddress } from '@headwater/testing'
import { createClient, type RedisClientType } from '@redis/client'
import type { Ending } from '../ending.ts'
import type { DemoRedis, RedisOutage } from './demo-redis.ts'

/** A Redis that can be taken away: our own server is killed, any other is cut off by a proxy. */
export async function startedRedis(
  onProgress: (line: string) => void,
  ending: Ending,
): Promise<DemoRedis> {
  const stack = await startTestStack({ stores: ['redis'], onProgress })
  ending.add(() => stack.stop())
  if (stack.redis.rung !== 'local') return behindProxy(stack.redis, ending)
  // The stack's own server can be stopped, but not started again.
  await stack.stop()
  return ownServer(stack.redis, ending)
}

type Play = Pick<RedisOutage, 'does' | 'begin' | 'end'>

async function ownServer(address: StoreAddress, ending: Ending): Promise<DemoRedis> {
  const server = await startRedisServer()
  ending.add(() => server.stop())
  const play: Play = {
    does: `redis-server (process ${server.pid}) is killed`,
    begin: async () => {
      await server.snapshot()
      await server.kill()
    },
    end: () => server.restart({ keepData: true }),
  }
  return demoRedis({ ...address, url: server.url }, { url: server.url, play, ending })
}

async function behindProxy(address: StoreAddress, ending: Ending): Promise<DemoRedis> {
  const proxy = await faultProxy(address.url)
  ending.add(() => proxy.close())
  const play: Play = {
    does: 'the connections to Redis are cut',
    begin: async () => {
      proxy.cut()
    },
    end: async () => {
      proxy.restore()
    },
  }
  return demoRedis(address, { url: proxy.url, play, ending })
}

interface Way {
  /** Where the SDK looks for it. */
  readonly url: string
  readonly play: Play
  readonly ending: Ending
}

async function demoRedis(address: StoreAddress, { url, play, ending }: Way): Promise<DemoRedis> {
  const own = await isolate({ redis: address })
  ending.add(() => own.dispose())
  const answers = (): Promise<boolean> =>
    withRedis(url, async (client) => (await client.ping()) === 'PONG').catch(() => false)
  return {
    rung: address.rung,
    version: address.version,
    options: { url },
    prefix: own.redis.prefix,
    outage: { ...play, answers },
    look: (_stores, use) => withRedis(address.url, use),
    // Later, when nothing writes any more.
    clear: async () => undefined,
  }
}

/** Opens a connection for one look, since Redis goes away in between. */
async function withRedis<T>(url: string, use: (client: RedisClientType) => Promise<T>): Promise<T> {
  const client: RedisClientType = createClient({
    url,
    socket: { connectTimeout: 5_000, reconnectStrategy: false },
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await use(client)
  } finally {
    client.destroy()
  }
}
