import { MongoClient } from 'mongodb'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  connect,
  type ConnectOptions,
  type DiagnosticEvents,
  Diagnostics,
  orThrow,
  type Stores,
} from '@headwater/core'
import { eventually, faultProxy, isolate, type IsolatedStores } from '@headwater/testing'

let own: IsolatedStores<'postgres' | 'redis' | 'mongodb'>
const opened: Stores[] = []

beforeAll(async () => {
  own = await isolate(inject('stack'))
})
afterAll(() => own.dispose())
afterEach(() => Promise.all(opened.splice(0).map((stores) => stores.close())))

async function open(
  mongodb: Partial<ConnectOptions['mongodb']> = {},
  diagnostics = new Diagnostics(),
): Promise<Stores & { mongodb: NonNullable<Stores['mongodb']> }> {
  const { url: ownUrl, database } = own.mongodb
  const given = { url: ownUrl, database, deadlineMs: 20_000, ...mongodb }
  const { url, ...rest } = given
  const options = given.client === undefined ? given : rest
  const stores = orThrow(
    await connect({
      postgres: { url: own.postgres.url, connectTimeoutMs: 30_000 },
      redis: { url: own.redis.url },
      connectDeadlineMs: 60_000,
      mongodb: options,
      diagnostics,
    }),
  )
  opened.push(stores)
  return stores as Stores & { mongodb: NonNullable<Stores['mongodb']> }
}

const count = (stores: Stores & { mongodb: NonNullable<Stores['mongodb']> }, deadlineMs = 20_000) =>
  stores.mongodb.run(
    'count',
    (database, signal) => database.collection('log').countDocuments({}, { signal }),
    { deadlineMs },
  )

describe('MongoDB', () => {
  test('MongoDB operations run and are reported', async () => {
    const diagnostics = new Diagnostics()
    const reports: DiagnosticEvents['store:operation'][] = []
    diagnostics.on('store:operation', (event) => {
      if (event.store === 'mongodb' && event.operation !== 'ping') reports.push(event)
    })
    const stores = await open({}, diagnostics)
    orThrow(
      await stores.mongodb.run('log', (database) => database.collection('log').insertOne({ a: 1 })),
    )
    expect(orThrow(await count(stores))).toBe(1)
    expect(reports.slice(-2)).toMatchObject([
      { operation: 'log', outcome: 'ok' },
      { operation: 'count', outcome: 'ok' },
    ])
  })

  test('A MongoDB refusal carries its code and keeps documents out of the failure', async () => {
    const stores = await open()
    type Named = { _id: string; email: string }
    const insert = () =>
      stores.mongodb.run('insert', (database) =>
        database.collection<Named>('people').insertMany(
          [
            { _id: 'secret-id', email: 'a@b.c' },
            { _id: 'secret-id', email: 'd@e.f' },
          ],
          { ordered: false },
        ),
      )
    const { cause, ...failure } = (await insert())._unsafeUnwrapErr()
    expect(failure).toMatchObject({
      type: 'store-refused',
      store: 'mongodb',
      code: '11000',
      retryable: false,
    })
    expect(
      JSON.stringify(failure) +
        String(cause) +
        String((cause as Error).stack) +
        JSON.stringify(cause),
    ).not.toMatch(/secret-id|a@b\.c/)
  })

  test('MongoDB recovers by itself after a lost connection', async () => {
    const proxy = await faultProxy(own.mongodb.url)
    const stores = await open({ url: proxy.url, deadlineMs: 300 })
    orThrow(await count(stores))
    proxy.cut()
    expect((await count(stores, 300))._unsafeUnwrapErr()).toMatchObject({ retryable: true })
    proxy.restore()
    await eventually(async () => (await count(stores)).isOk(), { timeoutMs: 120_000 })
    orThrow(await stores.close())
    await proxy.close()
  })

  test('A MongoDB server that hangs costs at most the deadline, and nothing once the breaker is open', async () => {
    const proxy = await faultProxy(own.mongodb.url)
    const stores = await open({ url: proxy.url })
    orThrow(await count(stores))
    proxy.hang()
    const startedMs = performance.now()
    expect((await count(stores, 300))._unsafeUnwrapErr().type).toBe('deadline-exceeded')
    expect(performance.now() - startedMs).toBeLessThan(20_000)
    for (let n = 0; n < 4; n += 1) expect((await count(stores, 50)).isErr()).toBe(true)
    // After a second the breaker lets a call try.
    await eventually(async () => {
      const openMs = performance.now()
      expect((await count(stores, 300))._unsafeUnwrapErr()).toMatchObject({
        type: 'store-unavailable',
        message: expect.stringContaining('breaker') as string,
      })
      expect(performance.now() - openMs).toBeLessThan(5_000)
    })
    proxy.restore()
    await eventually(async () => (await count(stores)).isOk(), { timeoutMs: 120_000 })
    orThrow(await stores.close())
    await proxy.close()
  })

  test('connect succeeds while MongoDB is down, and health reports it as degraded', async () => {
    const stores = await open({ url: 'mongodb://127.0.0.1:1', deadlineMs: 200 })
    expect((await count(stores, 500))._unsafeUnwrapErr()).toMatchObject({
      type: 'store-unavailable',
      store: 'mongodb',
    })
    await eventually(async () => {
      expect(await stores.health({ deadlineMs: 500 })).toMatchObject({
        status: 'degraded',
        stores: { mongodb: { status: 'degraded' } },
      })
      expect(await stores.isReady()).toBe(true)
    })
  })

  test('A MongoDB client supplied by the host stays open after close', async () => {
    const client = new MongoClient(own.mongodb.url)
    const stores = await open({ client })
    orThrow(await count(stores))
    orThrow(await stores.close())
    expect(await client.db(own.mongodb.database).collection('none').countDocuments()).toBe(0)
    await client.close()
  })
})
