import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { connect, type MongodbOptions, orThrow, type Stores } from '@headwater/core'
import {
  eventually,
  type FaultProxy,
  faultProxy,
  isolate,
  type IsolatedStores,
} from '@headwater/testing'

describe('a process that starts while MongoDB cannot be reached', () => {
  let own: IsolatedStores<'postgres' | 'redis' | 'mongodb'>
  beforeAll(async () => {
    own = await isolate(inject('stack'))
  })
  afterAll(() => own.dispose())

  /** Opens stores whose MongoDB is behind a proxy. */
  async function open(
    mongodb: (url: string) => Partial<MongodbOptions>,
  ): Promise<Stores & AsyncDisposable & { proxy: FaultProxy }> {
    const proxy = await faultProxy(own.mongodb.url)
    onTestFinished(() => proxy.close())
    proxy.cut()
    const { database } = own.mongodb
    const stores = orThrow(
      await connect({
        postgres: { url: own.postgres.url, connectTimeoutMs: 30_000 },
        redis: { url: own.redis.url },
        mongodb: { database, ...mongodb(proxy.url) },
      }),
    )
    return Object.assign(stores, { proxy })
  }

  const ping = async ({ mongodb }: Stores): Promise<unknown> =>
    mongodb?.run('ping', (database, signal) => database.command({ ping: 1 }, { signal }))

  /** Resolves once the driver has given up connecting. */
  async function untilGivenUp(stores: Stores): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    stores.mongodb?.client.once('topologyClosed', () => {
      resolve()
    })
    await ping(stores)
    await promise
  }

  test('A client that the driver gave up on reaches MongoDB once it is there', async () => {
    await using stores = await open((url) => ({ url }))
    await untilGivenUp(stores)
    stores.proxy.restore()
    await eventually(
      async () => {
        expect(await ping(stores)).toMatchObject({ value: { ok: 1 } })
      },
      { timeoutMs: 120_000 },
    )
  })

  test('A client of the host reaches MongoDB after several failures, and takes writes', async () => {
    let client: MongoClient | undefined
    await using stores = await open((url) => {
      client = new MongoClient(url, { serverSelectionTimeoutMS: 500 })
      return { client }
    })
    for (let failures = 0; failures < 3; failures += 1) await untilGivenUp(stores)
    stores.proxy.restore()
    await eventually(
      async () => {
        const written = await stores.mongodb?.run('log', (database) =>
          database.collection('late').insertMany([{ a: 1 }], { ordered: false }),
        )
        expect(written).toMatchObject({ value: { insertedCount: 1 } })
      },
      { timeoutMs: 120_000 },
    )
    await client?.close()
  })

  test('A client of the host that had given up before it was handed in reaches MongoDB', async () => {
    const proxy = await faultProxy(own.mongodb.url)
    onTestFinished(() => proxy.close())
    proxy.cut()
    const client = new MongoClient(proxy.url, { serverSelectionTimeoutMS: 500 })
    onTestFinished(() => client.close())
    await expect(client.connect()).rejects.toThrow()
    proxy.restore()
    await using stores = orThrow(
      await connect({
        postgres: { url: own.postgres.url, connectTimeoutMs: 30_000 },
        redis: { url: own.redis.url },
        mongodb: { client, database: own.mongodb.database },
      }),
    )
    await eventually(
      async () => {
        expect(await ping(stores)).toMatchObject({ value: { ok: 1 } })
      },
      { timeoutMs: 120_000 },
    )
  })

  test('A client that the host has closed stays closed', async () => {
    let openings = 0
    let client: MongoClient | undefined
    await using stores = await open((url) => {
      client = new MongoClient(url, { serverSelectionTimeoutMS: 100 })
      return { client }
    })
    await untilGivenUp(stores)
    client?.on('topologyOpening', () => {
      openings += 1
    })
    await client?.close()
    stores.proxy.restore()
    for (let calls = 0; calls < 3; calls += 1)
      expect(await ping(stores)).toMatchObject({ error: { type: 'store-unavailable' } })
    expect(openings).toBe(0)
  })
})
