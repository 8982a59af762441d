import { Long, MongoClient } from 'mongodb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../src/eventually.ts'
import { type MongodbStandIn, startMongodbStandIn } from '../../src/mongodb-stand-in/server.ts'
import { ManualClock } from './manual-clock-fixture.ts'
import { WireClient } from './wire-client-fixture.ts'

describe('cursors of the MongoDB stand-in', () => {
  const clock = new ManualClock()
  let server: MongodbStandIn
  let client: MongoClient
  beforeEach(async () => {
    server = await startMongodbStandIn({ clock, cursorIdleMs: 1000, cursorOrphanMs: 50 })
    client = new MongoClient(server.url)
    await client
      .db('test')
      .collection('c')
      .insertMany(Array.from({ length: 300 }, (_, n) => ({ n })))
  })
  afterEach(async () => {
    await client.close()
    await server.stop()
  })
  const documents = () => client.db('test').collection('c')

  it('Cursors stay open only while there is more to read', async () => {
    const cursor = documents().find().batchSize(200)
    await cursor.next()
    expect(server.openCursors()).toBe(1)
    expect(await cursor.toArray()).toHaveLength(299)
    expect(server.openCursors()).toBe(0)
    await documents().find().limit(5).toArray()
    await documents().findOne()
    expect(server.openCursors()).toBe(0)
  })

  it('Cursors end when their reader closes them', async () => {
    const cursor = documents().find().batchSize(10)
    await cursor.next()
    await cursor.close()
    expect(server.openCursors()).toBe(0)
  })

  it('Cursors show the documents as they were when they were opened', async () => {
    const cursor = documents().find().sort({ n: 1 }).batchSize(10)
    await cursor.next()
    await documents().updateMany({}, { $set: { n: -1 } })
    await documents().deleteMany({ n: -1 })
    expect((await cursor.toArray()).map((document) => document['n'] as number)).toEqual(
      Array.from({ length: 299 }, (_, n) => n + 1),
    )
  })

  it('Cursors are dropped after their idle time, counted from their last read', async () => {
    const read = documents().find().batchSize(10)
    const idle = documents().find().batchSize(10)
    await Promise.all([read.next(), idle.next()])
    clock.advance(600)
    for (let n = 0; n < 20; n += 1) await read.next()
    clock.advance(400)
    await eventually(() => expect(server.openCursors()).toBe(1))
    await expect(idle.toArray()).rejects.toMatchObject({ code: 43 })
    expect(await read.toArray()).toHaveLength(279)
  })

  it('Cursors of a disconnected client are dropped, and no others', async () => {
    const other = await WireClient.connect(server.port)
    await other.command({ find: 'c', batchSize: 10 })
    const mine = documents().find().batchSize(10)
    await mine.next()
    expect(server.openCursors()).toBe(2)
    other.socket.destroy()
    await eventually(() => {
      clock.advance(5)
      expect(server.openCursors()).toBe(1)
    })
    expect(await mine.toArray()).toHaveLength(299)
  })

  it('Cursors outlive their connection while their client reads on over another one', async () => {
    const first = await WireClient.connect(server.port)
    const reply = await first.command({ find: 'c', batchSize: 10 })
    const second = await WireClient.connect(server.port)
    const { id } = reply['cursor'] as { id: Long }
    await second.command({ getMore: id, collection: 'c', batchSize: 10 })
    const orphan = await WireClient.connect(server.port)
    await orphan.command({ find: 'c', batchSize: 10 })
    first.socket.destroy()
    orphan.socket.destroy()
    await eventually(() => {
      clock.advance(5)
      expect(server.openCursors()).toBe(1)
    })
    expect(await second.command({ getMore: id, collection: 'c', batchSize: 10 })).toMatchObject({
      ok: 1,
    })
    second.socket.destroy()
  })

  it('Cursors are unknown under another id or another collection', async () => {
    const cursor = documents().find().batchSize(10)
    await cursor.next()
    const id = cursor.id ?? Long.ZERO
    const more = (collection: string, of: Long) =>
      client.db('test').command({ getMore: of, collection })
    await expect(more('c', id.add(1))).rejects.toMatchObject({ code: 43 })
    await expect(more('d', id)).rejects.toMatchObject({ code: 13 })
    await cursor.close()
  })

  it('Cursors split batches that would be larger than a message may be', async () => {
    const big = client.db('test').collection('big')
    for (let n = 0; n < 3; n += 1)
      await big.insertMany(Array.from({ length: 10 }, () => ({ text: 'x'.repeat(1_000_000) })))
    const reply = await client.db('test').command({ find: 'big', batchSize: 1000 })
    expect((reply['cursor'] as { firstBatch: unknown[] }).firstBatch.length).toBeLessThan(17)
    expect(await big.find({}, { batchSize: 1000, projection: { _id: 1 } }).toArray()).toHaveLength(
      30,
    )
  })
})
