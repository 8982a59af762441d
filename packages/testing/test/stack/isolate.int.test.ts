import pg from 'pg'
import { createClient } from '@redis/client'
import { expect, inject, test } from 'vitest'
import { isolate } from '../../src/index.ts'

async function databases(): Promise<string[]> {
  const client = new pg.Client({ connectionString: inject('stack').postgres.url })
  await client.connect()
  const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database')
  await client.end()
  return rows.map(({ datname }) => datname)
}

test('Two isolated parts share no database, key prefix or namespace', async () => {
  const [one, other] = await Promise.all([isolate(inject('stack')), isolate(inject('stack'))])
  expect(one.postgres.url).not.toBe(other.postgres.url)
  expect(one.redis.prefix).not.toBe(other.redis.prefix)
  expect(one.mongodb.database).not.toBe(other.mongodb.database)
  expect(one.pinecone.namespace).not.toBe(other.pinecone.namespace)
  await Promise.all([one.dispose(), other.dispose()])
})

test('Disposing removes the isolated part and nothing else, and may be repeated', async () => {
  const [own, other] = await Promise.all([isolate(inject('stack')), isolate(inject('stack'))])
  const client = createClient({ url: own.redis.url })
  await client.connect()
  await client.mSet([
    [`${own.redis.prefix}a`, '1'],
    [`${other.redis.prefix}a`, '1'],
  ])
  await own.dispose()
  await own.dispose()
  expect(await client.exists(`${own.redis.prefix}a`)).toBe(0)
  expect(await client.exists(`${other.redis.prefix}a`)).toBe(1)
  const names = await databases()
  expect(names).not.toContain(own.mongodb.database)
  expect(names).toContain(other.mongodb.database)
  client.destroy()
  await other.dispose()
})

test('Only the given stores are isolated', async () => {
  const own = await isolate({ redis: inject('stack').redis })
  expect(Object.keys(own).sort()).toEqual(['dispose', 'redis'])
  await own.dispose()
})
