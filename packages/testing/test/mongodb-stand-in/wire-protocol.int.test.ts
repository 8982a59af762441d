import { MongoClient } from 'mongodb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type MongodbStandIn, startMongodbStandIn } from '../../src/mongodb-stand-in/server.ts'
import { WireClient } from './wire-client-fixture.ts'

const insert = { insert: 'c', $db: 'test' }

describe('the wire protocol of the MongoDB stand-in', () => {
  let server: MongodbStandIn
  let client: WireClient
  beforeEach(async () => {
    server = await startMongodbStandIn()
    client = await WireClient.connect(server.port)
  })
  afterEach(async () => {
    client.socket.destroy()
    await server.stop()
  })

  it('The MongoDB stand-in answers a legacy ismaster as a standalone server does', async () => {
    client.send(client.query({ ismaster: 1, helloOk: true }))
    const { operation, to, document } = await client.reply()
    expect([operation, to]).toEqual([1, 1])
    expect(document).toMatchObject({
      ok: 1,
      ismaster: true,
      helloOk: true,
      isWritablePrimary: true,
      readOnly: false,
    })
    expect(Object.keys(document)).not.toEqual(expect.arrayContaining(['setName']))
    expect(Object.keys(document)).not.toContain('topologyVersion')
    expect(Object.keys(document)).not.toContain('compression')
  })

  it('The MongoDB stand-in answers hello over a modern message', async () => {
    client.send(client.message({ hello: 1, $db: 'admin' }))
    expect(await client.reply()).toMatchObject({
      operation: 2013,
      to: 1,
      document: { ok: 1, isWritablePrimary: true },
    })
  })

  it('The MongoDB stand-in reads a message that arrives byte by byte, and several that arrive at once', async () => {
    for (const byte of client.message({ ping: 1, $db: 'admin' })) client.send(Buffer.from([byte]))
    expect((await client.reply()).document).toEqual({ ok: 1 })
    client.send(Buffer.concat([1, 2, 3].map(() => client.message({ ping: 1, $db: 'admin' }))))
    expect([
      (await client.reply()).to,
      (await client.reply()).to,
      (await client.reply()).to,
    ]).toEqual([2, 3, 4])
  })

  it('The MongoDB stand-in reads documents from body and sequence, and tolerates a checksum', async () => {
    expect(await client.command({ insert: 'c', documents: [{ _id: 1 }] })).toEqual({ n: 1, ok: 1 })
    client.send(
      client.message(insert, { sequences: { documents: [{ _id: 2 }, { _id: 3 }] }, flags: 1 }),
    )
    expect((await client.reply()).document).toEqual({ n: 2, ok: 1 })
    expect(await client.command({ count: 'c' })).toEqual({ n: 3, ok: 1 })
  })

  it('The MongoDB stand-in performs a message that wants no reply, and sends none', async () => {
    client.send(client.message(insert, { sequences: { documents: [{ _id: 1 }] }, flags: 2 }))
    client.send(client.message({ count: 'c', $db: 'test' }))
    expect(await client.reply()).toMatchObject({ to: 2, document: { n: 1 } })
  })

  it('The MongoDB stand-in answers a message that allows a stream of replies with one reply', async () => {
    client.send(client.message({ ping: 1, $db: 'admin' }, { flags: 1 << 16 }))
    client.send(client.message({ ping: 1, $db: 'admin' }))
    expect([(await client.reply()).to, (await client.reply()).to]).toEqual([1, 2])
  })

  const malformed: [string, (client: WireClient) => Buffer][] = [
    ['a length below that of a header', () => Buffer.from([15, ...Buffer.alloc(15)])],
    ['a length beyond any message', () => Buffer.alloc(16, 255)],
    ['an unknown operation', (wire) => wire.framed(2012, Buffer.alloc(20))],
    ['an unknown required flag', (wire) => wire.message({ ping: 1, $db: 'admin' }, { flags: 4 })],
    [
      'BSON that is cut short',
      (wire) => wire.framed(2013, Buffer.from([0, 0, 0, 0, 0, 100, 0, 0, 0, 0])),
    ],
    [
      'BSON of an unknown type',
      (wire) => wire.framed(2013, Buffer.from([0, 0, 0, 0, 0, 8, 0, 0, 0, 0x77, 97, 0, 0])),
    ],
    [
      'a section of unknown kind',
      (wire) => wire.framed(2013, Buffer.from([0, 0, 0, 0, 7, 5, 0, 0, 0, 0])),
    ],
    ['no section at all', (wire) => wire.framed(2013, Buffer.alloc(4))],
  ]
  it.each(malformed)(
    'The MongoDB stand-in closes the connection, and no other, on %s',
    async (_name, bytes) => {
      const bystander = await WireClient.connect(server.port)
      client.send(bytes(client))
      await client.closed()
      expect(await bystander.command({ ping: 1 })).toEqual({ ok: 1 })
      bystander.socket.destroy()
    },
  )

  it.each([
    ['the stable API', { serverApi: { version: '1', strict: false } }],
    ['compressors', { compressors: ['zlib'] }],
    ['a streaming monitor', { serverMonitoringMode: 'stream', heartbeatFrequencyMS: 500 }],
    [
      'retried writes and a read concern',
      { retryWrites: true, retryReads: true, readConcernLevel: 'local' },
    ],
    ['a write concern', { w: 1, journal: true, wtimeoutMS: 100 }],
    ['big integers', { useBigInt64: true }],
    ['a large pool', { minPoolSize: 5, maxPoolSize: 20 }],
  ] as [string, object][])(
    'The MongoDB stand-in serves the official driver with %s',
    async (_name, options) => {
      const driver = new MongoClient(server.url, options)
      await driver.connect()
      const events = driver.db('test').collection<{ _id: number }>('events')
      await events.insertMany([{ _id: 1 }, { _id: 2 }])
      expect(
        (await events.find().sort({ _id: -1 }).toArray()).map(({ _id }) => Number(_id)),
      ).toEqual([2, 1])
      expect(await events.countDocuments()).toBe(2)
      await driver.close()
    },
  )

  it('The MongoDB stand-in performs unacknowledged writes', async () => {
    const driver = new MongoClient(server.url, { maxPoolSize: 1 })
    const events = driver.db('test').collection<{ _id: number }>('events')
    await events.insertOne({ _id: 1 }, { writeConcern: { w: 0 } })
    expect(await events.countDocuments()).toBe(1)
    await driver.close()
  })
})
