import { randomBytes } from 'node:crypto'
import type { RedisOptions, RedisStore } from '@headwater/core'
import type { DemoRedis } from './demo-redis.ts'

/** The Sentinels or the cluster of the environment, which nothing of the demo takes away. */
export function configuredRedis(options: RedisOptions): DemoRedis {
  const prefix = `demo_${randomBytes(6).toString('hex')}:`
  const { name } = options
  return {
    rung: 'environment',
    version: name === undefined ? 'a cluster' : `the primary ${name} of Sentinels`,
    options,
    prefix,
    outage: undefined,
    look: ({ redis }, use) => use(redis.client),
    clear: ({ redis }) => removeKeys(redis.client, prefix),
  }
}

type Client = RedisStore['client']

/** With a connection of its own: the stores may be closed. */
async function removeKeys(used: Client, prefix: string): Promise<void> {
  const client: Client = used.duplicate()
  client.on('error', () => undefined)
  await client.connect()
  try {
    for (const server of await serversOf(client))
      for await (const keys of server.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 }))
        // One by one: those of a cluster may lie in several slots.
        await Promise.all(keys.map((key) => client.unlink(key)))
  } finally {
    client.destroy()
  }
}

async function serversOf(client: Client) {
  if (!('masters' in client)) return [client]
  return Promise.all(client.masters.map((master) => client.nodeClient(master)))
}
