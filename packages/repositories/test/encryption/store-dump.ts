import { orThrow } from '@headwater/core'
import { MongoClient } from 'mongodb'
import { createClient } from '@redis/client'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

/** Everything that the stores hold, as text. */
export async function dumpOf({
  stores,
  parts,
}: Pick<RepositoriesFixture, 'stores' | 'parts'>): Promise<string> {
  const { rows } = orThrow(
    await stores.postgres.query<{ table: string; row: unknown }>(tablesOf),
  )
  const tables = await Promise.all(
    rows.map(async ({ table }) => {
      const found = await stores.postgres.query(`SELECT to_jsonb(t)::text AS row FROM ${table} AS t`)
      return orThrow(found).rows
    }),
  )
  const documents = await mongodbDump(parts.mongodb.url, parts.mongodb.database)
  const entries = await redisDump(parts.redis.url, parts.redis.prefix)
  return JSON.stringify([tables, documents, entries])
}

const tablesOf = `
  SELECT format('%I.%I', schemaname, tablename) AS table
  FROM pg_tables
  WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`

async function mongodbDump(url: string, database: string): Promise<unknown[]> {
  const client = new MongoClient(url)
  try {
    const collections = await client.db(database).listCollections().toArray()
    return await Promise.all(
      collections.map(({ name }) => client.db(database).collection(name).find().toArray()),
    )
  } finally {
    await client.close()
  }
}

async function redisDump(url: string, prefix: string): Promise<unknown[]> {
  const client = createClient({ url })
  await client.connect()
  try {
    const found: unknown[] = []
    for await (const keys of client.scanIterator({ MATCH: `${prefix}*` }))
      for (const key of keys) {
        const type = await client.type(key)
        found.push(key, type === 'string' ? await client.get(key) : await client.dump(key))
      }
    return found
  } finally {
    client.destroy()
  }
}
