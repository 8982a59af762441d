import { containerImages, startContainer } from './container.ts'
import { startRedisServer } from '../servers/redis-server.ts'
import type { StartedStore, StoreRungs } from './store-address.ts'
import { startedStore } from './started-store.ts'

const connectTimeoutMs = 10_000

/** The rungs of Redis. */
export const redisRungs: StoreRungs<'redis'> = {
  environment: (url) => started(url, async () => undefined),

  async container() {
    const { host, port, stop } = await startContainer({
      image: containerImages.redis,
      port: 6379,
      command: ['redis-server', '--save', '', '--appendonly', 'no'],
      ready: /Ready to accept connections/,
    })
    return started(`redis://${host}:${port}`, stop)
  },

  async local(onProgress) {
    const server = await startRedisServer({ onProgress })
    return started(server.url, () => server.stop())
  },
}

function started(url: string, stop: () => Promise<void>): Promise<StartedStore<'redis'>> {
  return startedStore(stop, async () => ({
    url,
    version: await withRedis(
      url,
      async (client) => /redis_version:(\S+)/.exec(await client.info('server'))?.[1] ?? 'unknown',
    ),
  }))
}

/** Runs work with a connected official client and closes the client. */
export async function withRedis<T>(
  url: string,
  use: (client: RedisConnection) => Promise<T>,
): Promise<T> {
  const { createClient } = await import('@redis/client')
  const client = createClient({
    url,
    socket: { connectTimeout: connectTimeoutMs, reconnectStrategy: false },
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await use(client)
  } finally {
    if (client.isOpen) client.destroy()
  }
}

/** The part of the official client that this package uses. */
export interface RedisConnection {
  info(section: string): Promise<string>
  scanIterator(options: { MATCH: string; COUNT: number }): AsyncIterable<string[]>
  unlink(keys: string[]): Promise<number>
}
