import { randomBytes } from 'node:crypto'
import { createDatabase, dropDatabase } from './postgres-database.ts'
import { withMongodb } from './mongodb.ts'
import { withRedis } from './redis.ts'
import { storeNames, type StoreName } from './rung.ts'
import type { OpenaiAddress, PineconeAddress, StoreAddress, StoreAddresses } from './store-address.ts'

/** A part of every store that nobody else uses. */
export interface StoreParts {
  /** The URL names a database of its own, empty. */
  postgres: StoreAddress
  /** Keys beginning with `prefix` are its own. */
  redis: StoreAddress & { prefix: string }
  /** The database of that name is its own; the URL does not name it. */
  mongodb: StoreAddress & { database: string }
  /** The namespace of that name is its own, in the index that all share. */
  pinecone: PineconeAddress & { namespace: string }
  /** Shared: it keeps nothing. */
  openai: OpenaiAddress
}

/** The parts of the stores that were given, and the end of them. */
export type IsolatedStores<N extends StoreName = StoreName> = Pick<StoreParts, N> & {
  /** Removes the databases, the keys and the namespace; may be called again. */
  dispose(): Promise<void>
}

/**
 * Sets a part of each store aside for one test file, so that files run side by side on one stack. Costs one `CREATE DATABASE`, about a tenth of
 * a second; the other stores are not asked for anything before `dispose`.
 */
export async function isolate<N extends StoreName>(addresses: Pick<StoreAddresses, N>): Promise<IsolatedStores<N>> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const given: Partial<StoreAddresses> = addresses
  const parts: Partial<StoreParts> = {}
  for (const store of storeNames) await setAside(store, { given, parts, name })
  let disposed: Promise<void> | undefined
  return { ...parts as Pick<StoreParts, N>, dispose: () => disposed ??= removeAll(parts) }
}

interface Isolation {
  given: Partial<StoreAddresses>
  parts: Partial<StoreParts>
  name: string
}

async function setAside<N extends StoreName>(store: N, { given, parts, name }: Isolation): Promise<void> {
  const address = given[store]
  if (address) parts[store] = await kinds[store].own(address, name)
}

async function removeAll(parts: Partial<StoreParts>): Promise<void> {
  await Promise.all(storeNames.map((store) => removePart(store, parts)))
}

async function removePart<N extends StoreName>(store: N, parts: Partial<StoreParts>): Promise<void> {
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
    remove: ({ url, database }) => withMongodb(url, async (client) => void await client.db(database).dropDatabase()),
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

async function removeKeys({ url, prefix }: StoreParts['redis']): Promise<void> {
  await withRedis(url, async (client) => {
    for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 })) {
      if (keys.length > 0) await client.unlink(keys)
    }
  })
}

async function removeNamespace({ url, apiKey, index, namespace }: StoreParts['pinecone']): Promise<void> {
  const { Pinecone } = await import('@pinecone-database/pinecone')
  const target = new Pinecone({ apiKey, controllerHostUrl: url }).index({ name: index })
  const { namespaces } = await target.describeIndexStats()
  if (namespaces?.[namespace]) await target.deleteNamespace(namespace)
}
