import type { MongoClient } from 'mongodb'
import { containerImages, startContainer } from './container.ts'
import { findOnPath } from '../servers/find-on-path.ts'
import { startMongodServer } from '../servers/mongod-server.ts'
import { peer } from './peer.ts'
import type { StartedStore, StoreRungs } from './store-address.ts'
import { startedStore } from './started-store.ts'

const connectTimeoutMs = 10_000

/** The rungs of MongoDB. */
export const mongodbRungs: StoreRungs<'mongodb'> = {
  environment: (url) => started(url, async () => undefined),

  async container() {
    const { host, port, stop } = await startContainer({
      image: containerImages.mongodb,
      port: 27017,
      ready: /Waiting for connections/,
    })
    return started(`mongodb://${host}:${port}`, stop)
  },

  async local() {
    const server = await startMongodServer()
    return started(server.url, () => server.stop())
  },

  hasLocalServer: async () => (await findOnPath('mongod')) !== undefined,

  async standIn() {
    const { startMongodbStandIn } = await import('../mongodb-stand-in/server.ts')
    const server = await startMongodbStandIn()
    return started(server.url, () => server.stop())
  },
}

function started(url: string, stop: () => Promise<void>): Promise<StartedStore<'mongodb'>> {
  return startedStore(stop, async () => ({
    url,
    version: await withMongodb(url, async (client) => {
      const info = await client.db('admin').command({ buildInfo: 1 })
      return String(info['version'])
    }),
  }))
}

/** Runs work with a connected official client and closes the client. */
export async function withMongodb<T>(
  url: string,
  use: (client: MongoClient) => Promise<T>,
): Promise<T> {
  const { MongoClient } = await peer('mongodb', 'mongodb', import('mongodb'))
  const client = new MongoClient(url, {
    serverSelectionTimeoutMS: connectTimeoutMs,
    connectTimeoutMS: connectTimeoutMs,
  })
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}
