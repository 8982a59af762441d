import { randomBytes } from 'node:crypto'
import { createDatabase, dropDatabase } from './postgres-database.ts'
import { withMongodb } from './mongodb-rungs.ts'
import { peer } from './peer.ts'
import { withRedis } from './redis-rungs.ts'
import { storeNames, type StoreName } from './rung.ts'
import type {
  OpenaiAddress,
  PineconeAddress,
  StoreAddress,
  StoreAddresses,
} from './store-address.ts'

/** An isolated key prefix on a shared Redis. */
export interface RedisPart extends StoreAddress {
  /** The prefix of all isolated keys. */
  prefix: string
}

/** An isolated database on a shared MongoDB. */
export interface MongodbPart extends StoreAddress {
  /** The name of the database; the URL does not contain it. */
  database: string
}

/** An isolated namespace in a shared index. */
export interface PineconePart extends PineconeAddress {
  /** The name of the namespace. */
  namespace: string
}

/** An isolated part of every store. */
export interface StoreParts {
  /** The URL of an empty database. */
  postgres: StoreAddress
  /** A unique key prefix. */
  redis: RedisPart
  /** A new database. */
  mongodb: MongodbPart
  /** A new namespace. */
  pinecone: PineconePart
  /** Shared, because it stores nothing. */
  openai: OpenaiAddress
}

/** The isolated parts of the given stores. */
export type IsolatedStores<N extends StoreName = StoreName> = Pick<StoreParts, N> & {
  /** Removes the databases, the keys and the namespace. Idempotent. */
  dispose(): Promise<void>
}

/**
 * Isolates a part of each store for one test file, so that test files run concurrently on one
 * stack. Costs one `CREATE DATABASE`, about a tenth of a second; the other stores are not contacted
 * before `dispose`.
 */
export async function isolate<N extends StoreName>(
  addresses: Pick<StoreAddresses, N>,
): Promise<IsolatedStores<N>> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const given: Partial<StoreAddresses> = addresses
  const parts: Partial<StoreParts> = {}
  for (const store of storeNames) await setAside(store, { given, parts, name })
  let disposed: Promise<void> | undefined
  return { ...(parts as Pick<StoreParts, N>), dispose: () => (disposed ??= removeAll(parts)) }
}

interface Isolation {
  given: Partial<StoreAddresses>
  parts: Partial<StoreParts>
  name: string
}

async function setAside<N extends StoreName>(
  store: N,
  { given, parts, name }: Isolation,
): Promise<void> {
  const address = given[store]
  if (address) parts[store] = await kinds[store].own(address, name)
}

async function removeAll(parts: Partial<StoreParts>): Promise<void> {
  await Promise.all(storeNames.map((store) => removePart(store, parts)))
}

async function removePart<N extends StoreName>(
  store: N,
  parts: Partial<StoreParts>,
): Promise<void> {
  const part = parts[store]
  if (part) await kinds[store].remove(part)
}

const kinds: { [N in StoreName]: PartKind<N> } = {
  postgres: {
    own: async (address, name) => ({ ...address, url: await createDatabase(address.url, name) }),
    remove: ({ url }) => dropDatabase(url),
  },
  redis: {
    own: async (address, name) => ({ ...address, prefix: `${name}:` }),
    remove: removeKeys,
  },
  mongodb: {
    own: async (address, name) => ({ ...address, database: name }),
    remove: ({ url, database }) =>
      withMongodb(url, async (client) => void (await client.db(database).dropDatabase())),
  },
  pinecone: {
    own: async (address, name) => ({ ...address, namespace: name }),
    remove: removeNamespace,
  },
  openai: {
    own: async (address) => address,
    remove: async () => undefined,
  },
}

interface PartKind<N extends StoreName> {
  own: (address: StoreAddresses[N], name: string) => Promise<StoreParts[N]>
  remove: (part: StoreParts[N]) => Promise<void>
}

async function removeKeys({ url, prefix }: RedisPart): Promise<void> {
  await withRedis(url, async (client) => {
    for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 })) {
      if (keys.length > 0) await client.unlink(keys)
    }
  })
}

async function removeNamespace({ url, apiKey, index, namespace }: PineconePart): Promise<void> {
  const name = '@pinecone-database/pinecone'
  const { Pinecone } = await peer('pinecone', name, import('@pinecone-database/pinecone'))
  const target = new Pinecone({ apiKey, controllerHostUrl: url }).index({ name: index })
  const { namespaces } = await target.describeIndexStats()
  if (namespaces?.[namespace]) await target.deleteNamespace(namespace)
}
