import { createClient } from 'redis'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { isolate, type IsolatedStores } from '../src/index.ts'
import pg from 'pg'

let own: IsolatedStores

beforeAll(async () => { own = await isolate(inject('stack')) })
afterAll(() => own.dispose())

test('PostgreSQL answers its official client in a database of its own', async () => {
  const client = new pg.Client({ connectionString: own.postgres.url })
  await client.connect()
  const { rows } = await client.query('SELECT current_database() AS name')
  await client.end()
  expect(rows).toEqual([{ name: new URL(own.postgres.url).pathname.slice(1) }])
})

test('Redis answers its official client', async () => {
  const client = createClient({ url: own.redis.url })
  await client.connect()
  await client.set(`${own.redis.prefix}greeting`, 'hello')
  expect(await client.get(`${own.redis.prefix}greeting`)).toBe('hello')
  client.destroy()
})
