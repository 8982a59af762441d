import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  connect,
  createRelay,
  createSessions,
  defineCache,
  defineSink,
  migrate,
  ok,
  okAsync,
  allDelivered,
  orThrow,
  transaction,
} from '@headwater/core'
import { eventually, isolate, type IsolatedStores, startRedisCluster } from '@headwater/testing'
import type * as Redis from '@redis/client'
import type * as Mongodb from 'mongodb'
import type * as Pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

const require = createRequire(import.meta.url)
const pg = require('pg-oldest') as typeof Pg
const redis = require('redis-oldest') as typeof Redis
const mongodb = require('mongodb-oldest') as typeof Mongodb

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const oldest = {
  pg: '8.21.0',
  '@redis/client': '6.2.0',
  mongodb: '7.0.0',
  '@pinecone-database/pinecone': '9.0.0',
  openai: '7.0.0',
}

async function versionsOfSmokeRun(...options: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=headwater-source',
    ...options,
    here('smoke.ts'),
  ])
  return JSON.parse(stdout)
}

describe('the ranges of the peers', () => {
  test('The platform works with the oldest version of every peer', async () => {
    expect(await versionsOfSmokeRun('--import', here('oldest-peers.mjs'))).toEqual(oldest)
  })

  test('The platform works with the newest version of every peer', async () => {
    const versions = await versionsOfSmokeRun()
    expect(Object.keys(versions as object)).toEqual(Object.keys(oldest))
    expect(versions).not.toEqual(oldest)
  })
})

describe('clients of other copies of the drivers', () => {
  let own: IsolatedStores<'postgres' | 'redis' | 'mongodb'>
  beforeAll(async () => {
    own = await isolate(inject('stack'))
  })
  afterAll(() => own.dispose())

  test('A pool, a client of Redis and one of MongoDB from other copies of their packages are used', async () => {
    const pool = new pg.Pool({ connectionString: own.postgres.url })
    const client = redis.createClient({ url: own.redis.url }).on('error', () => undefined)
    const mongo = new mongodb.MongoClient(own.mongodb.url)
    await client.connect()
    const stores = orThrow(
      await connect({
        postgres: { pool },
        redis: { client, keyPrefix: own.redis.prefix, deadlineMs: 10_000 },
        mongodb: { client: mongo, database: own.mongodb.database },
      }),
    )
    orThrow(await migrate(stores))
    await expectWork(stores)
    await eventually(async () => {
      const { stores: health } = await stores.health()
      expect(Object.values(health).map(({ status }) => status)).toEqual(['up', 'up', 'up'])
    })
    orThrow(await stores.close({ deadlineMs: 60_000 }))
    await Promise.all([pool.end(), client.close(), mongo.close()])
  })

  test('A cluster of another copy of the client is used', async () => {
    const cluster = await startRedisCluster()
    const client = redis
      .createCluster({ rootNodes: cluster.urls.map((url) => ({ url })) })
      .on('error', () => undefined)
    await client.connect()
    const stores = orThrow(
      await connect({
        postgres: { url: own.postgres.url },
        redis: { client, deadlineMs: 10_000 },
      }),
    )
    await expectWork(stores)
    orThrow(await stores.close({ deadlineMs: 60_000 }))
    await client.close()
    await cluster.stop()
  })
})

/** A value is cached, invalidated by a transaction that publishes, and its event delivered. */
async function expectWork(stores: Parameters<typeof createRelay>[0]): Promise<void> {
  let version = 1
  const cache = defineCache<number, number>(stores, {
    name: 'peer',
    ttlMs: 60_000,
    load: (ids) => Promise.resolve(new Map(ids.map((id) => [id, version]))),
  })
  expect([...orThrow(await cache.getMany([1, 2, 3])).values()]).toEqual([1, 1, 1])
  const types: string[] = []
  const sink = defineSink({
    name: 'peers',
    types: ['*'],
    mode: 'log',
    handle: (events) => {
      types.push(...events.map(({ type }) => type))
      return okAsync(allDelivered)
    },
  })
  const relay = createRelay(stores, { sinks: [sink] })
  const event = { aggregateType: 'peer', aggregateId: 1, type: 'peer.seen', version: 1 }
  orThrow(
    await transaction(stores, async (tx) => {
      tx.invalidate(cache.key(1))
      tx.publish({ ...event, payload: {} })
      await tx.query('SELECT $1::int', [1])
      version = 2
      return ok(undefined)
    }),
  )
  orThrow(await relay.drain({ deadlineMs: 60_000 }))
  expect(types).toContain('peer.seen')
  expect(orThrow(await cache.get(1))).toBe(2)
  const sessions = createSessions(stores)
  const { token } = orThrow(await sessions.create({ userId: 1 }))
  expect(orThrow(await sessions.revoke(token))).toBe(true)
  expect(orThrow(await sessions.get(token))).toBeUndefined()
}
