import { MongoClient } from 'mongodb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../src/eventually.ts'
import { type MongodbStandIn, startMongodbStandIn } from '../../src/mongodb-stand-in/server.ts'
import { ManualClock } from './manual-clock-fixture.ts'

const hour = 3_600_000

describe('TTL indexes of the MongoDB stand-in', () => {
  let clock: ManualClock
  let server: MongodbStandIn
  let client: MongoClient
  beforeEach(async () => {
    clock = new ManualClock()
    server = await startMongodbStandIn({ clock })
    client = new MongoClient(server.url)
  })
  afterEach(async () => {
    await client.close()
    await server.stop()
  })

  it('TTL indexes remove a document by its date, or by the earliest of several dates', async () => {
    const events = client.db('test').collection<{ _id: string; at: unknown }>('events')
    await events.createIndex({ at: 1 }, { expireAfterSeconds: 3600 })
    const now = clock.now()
    await events.insertMany([
      { _id: 'young', at: new Date(now) },
      { _id: 'old', at: new Date(now - 30 * 60_000) },
      { _id: 'several', at: [new Date(now + hour), new Date(now - hour)] },
    ])
    expect(server.expireNow()).toBe(1)
    clock.advance(30 * 60_000 - 1)
    expect(server.expireNow()).toBe(0)
    clock.advance(1)
    expect(server.expireNow()).toBe(1)
    expect(await events.distinct('_id')).toEqual(['young'])
  })

  it('TTL indexes ignore values that are not dates and documents outside a partial index', async () => {
    const events = client
      .db('test')
      .collection<{ _id: number; at?: unknown; keep?: boolean }>('events')
    await events.createIndex(
      { at: 1 },
      { expireAfterSeconds: 0, partialFilterExpression: { keep: false } },
    )
    await events.insertMany([
      { _id: 1, at: 5, keep: false },
      { _id: 2, keep: false },
      { _id: 3, at: '2020-01-01', keep: false },
      { _id: 4, at: new Date(0), keep: true },
      { _id: 5, at: new Date(0), keep: false },
    ])
    expect(server.expireNow()).toBe(1)
    expect(await events.distinct('_id')).toEqual([1, 2, 3, 4])
  })

  it('TTL indexes free the unique keys of removed documents', async () => {
    const events = client.db('test').collection('events')
    await events.createIndexes([
      { key: { at: 1 }, expireAfterSeconds: 0 },
      { key: { key: 1 }, unique: true },
    ])
    await events.insertOne({ key: 1, at: new Date(0) })
    server.expireNow()
    await events.insertOne({ key: 1, at: new Date(0) })
    expect(await events.countDocuments()).toBe(1)
  })

  it('TTL indexes remove documents at the requested interval', async () => {
    const eager = await startMongodbStandIn({ clock, ttlIntervalMs: 10 })
    const other = new MongoClient(eager.url)
    const events = other.db('test').collection('events')
    await events.createIndex({ at: 1 }, { expireAfterSeconds: 1 })
    await events.insertOne({ at: new Date(clock.now()) })
    clock.advance(1000)
    await eventually(async () => expect(await events.countDocuments()).toBe(0))
    await other.close()
    await eager.stop()
  })

  it.each([
    ['a negative time', { at: 1 }, { expireAfterSeconds: -1 }, 67],
    ['several fields', { at: 1, b: 1 }, { expireAfterSeconds: 1 }, 67],
    ['the id', { _id: 1 }, { expireAfterSeconds: 1, name: 'x' }, 197],
  ] as [string, Record<string, 1>, object, number][])(
    'TTL indexes are refused over %s',
    async (_name, key, options, code) => {
      await expect(
        client.db('test').collection('events').createIndex(key, options),
      ).rejects.toMatchObject({ code })
    },
  )

  it('TTL indexes conflict with one of another expiry', async () => {
    const events = client.db('test').collection('events')
    await events.createIndex({ at: 1 }, { expireAfterSeconds: 60 })
    await expect(events.createIndex({ at: 1 }, { expireAfterSeconds: 61 })).rejects.toMatchObject({
      code: 85,
    })
    await expect(
      events.createIndex({ at: 1 }, { expireAfterSeconds: 60, name: 'other' }),
    ).rejects.toMatchObject({ code: 85 })
  })
})
