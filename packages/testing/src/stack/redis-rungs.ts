import { containerImages, startContainer } from './container.ts'
import { startRedisServer } from '../servers/redis-server.ts'
import type { StartedStore, StoreRungs } from './store-address.ts'

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

async function started(url: string, stop: () => Promise<void>): Promise<StartedStore<'redis'>> {
  const version = await withRedis(
    url,
    async (client) => /redis_version:(\S+)/.exec(await client.info('server'))?.[1] ?? 'unknown',
  )
  return { address: { url, version }, stop }
}

/** Runs work with a connected official client and closes the client. */
export async function withRedis<T>(
  url: string,
  use: (client: RedisConnection) => Promise<T>,
): Promise<T> {
  const { createClient } = await import('redis')
  const client = createClient({
    url,
    socket: { connectTimeout: connectTimeoutMs, reconnectStrategy: false },
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await use(client)
  } finally {
    client.destroy()
  }
}

/** The part of the official client that this package uses. */
export interface RedisConnection {
  info(section: string): Promise<string>
  scanIterator(options: { MATCH: string; COUNT: number }): AsyncIterable<string[]>
  unlink(keys: string[]): Promise<number>
}
