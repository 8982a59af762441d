import { orThrow } from '@headwater/core'
import { MongoClient } from 'mongodb'
import { createClient } from '@redis/client'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

/** What the stores hold, as text. */
export interface StoreDump {
  /** By the name of the table. */
  readonly tables: Readonly<Record<string, string>>
  readonly mongodb: string
  readonly redis: string
  /** All of it. */
  readonly everything: string
}

/** Everything that the stores hold. */
export async function dumpOf({
  stores,
  parts,
}: Pick<RepositoriesFixture, 'stores' | 'parts'>): Promise<StoreDump> {
  const { rows } = orThrow(await stores.postgres.query<{ name: string; table: string }>(tablesOf))
  const tables = await Promise.all(
    rows.map(async ({ name, table }) => {
      const text = `SELECT to_jsonb(t)::text AS row FROM ${table} AS t`
      return [name, JSON.stringify(orThrow(await stores.postgres.query(text)).rows)] as const
    }),
  )
  const mongodb = await mongodbDump(parts.mongodb.url, parts.mongodb.database)
  const redis = await redisDump(parts.redis.url, parts.redis.prefix)
  const everything = [...tables.flat(), mongodb, redis].join('\n')
  return { tables: Object.fromEntries(tables), mongodb, redis, everything }
}

const tablesOf = `
  SELECT tablename AS name, format('%I.%I', schemaname, tablename) AS table
  FROM pg_tables
  WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`

async function mongodbDump(url: string, name: string): Promise<string> {
  const client = new MongoClient(url)
  try {
    const database = client.db(name)
    const collections = ['user_activity', 'search_logs', 'enrollment_events']
    const documents = await Promise.all(
      collections.map((collection) => database.collection(collection).find().toArray()),
    )
    return JSON.stringify(documents)
  } finally {
    await client.close()
  }
}

async function redisDump(url: string, prefix: string): Promise<string> {
  const client = createClient({ url })
  await client.connect()
  try {
    const found: unknown[] = []
    for await (const names of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 }))
      for (const name of names) {
        const type = await client.type(name)
        found.push(name, type === 'string' ? await client.get(name) : await client.dump(name))
      }
    return JSON.stringify(found)
  } finally {
    client.destroy()
  }
}
