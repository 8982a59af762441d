import {
  Decimal128,
  type Document,
  Double,
  Int32,
  Long,
  MongoClient,
  ObjectId,
  Timestamp,
  UUID,
} from 'mongodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MongodbStandIn, startMongodbStandIn } from '../../src/mongodb-stand-in/server.ts'

describe('documents in the MongoDB stand-in', () => {
  let server: MongodbStandIn
  let client: MongoClient
  beforeAll(async () => {
    server = await startMongodbStandIn()
    client = new MongoClient(server.url, { promoteValues: false })
  })
  afterAll(async () => {
    await client.close()
    await server.stop()
  })
  const stored = async (...documents: Document[]) => {
    const collection = client.db('test').collection(new ObjectId().toHexString())
    await collection.insertMany(documents)
    return collection
  }
  const codeOf = async (call: Promise<unknown>): Promise<number | undefined> =>
    call.then(
      () => undefined,
      (error: unknown) => Number((error as { code: unknown }).code),
    )
  const computed = async (document: Document, v: unknown): Promise<unknown> => {
    const collection = await stored(document)
    const [row] = await collection.aggregate([{ $project: { v } }]).toArray()
    return row?.['v'] as unknown
  }

  it('Documents keep the type of every value', async () => {
    const document = {
      _id: new UUID(),
      int: new Int32(1),
      double: new Double(1),
      long: Long.fromNumber(1),
      decimal: Decimal128.fromString('1.0'),
      negativeZero: new Double(-0),
      big: new Double(1e300),
      timestamp: new Timestamp({ t: 5, i: 6 }),
      pattern: /a.b/i,
      list: [new Double(2), [Long.fromNumber(3)]],
    }
    const collection = await stored(document)
    expect(await collection.findOne()).toEqual(document)
  })

  it('Documents keep a field named like the prototype as a field', async () => {
    const collection = await stored(
      JSON.parse('{"data":{"__proto__":{"admin":true},"constructor":1,"$set":2}}') as Document,
    )
    const found = await collection.findOneAndUpdate(
      {},
      { $set: { touched: true } },
      { returnDocument: 'after' },
    )
    expect(JSON.stringify(found?.['data'])).toBe(
      '{"__proto__":{"admin":true},"constructor":1,"$set":2}',
    )
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  it.each([
    ['ints to an int', { $add: [new Int32(2), new Int32(3)] }, new Int32(5)],
    [
      'ints beyond 32 bits to a long',
      { $add: [new Int32(2_147_483_647), new Int32(1)] },
      Long.fromString('2147483648'),
    ],
    ['an int and a double to a double', { $add: [new Int32(2), new Double(3)] }, new Double(5)],
    [
      'a long and an int to a long',
      { $multiply: [Long.fromNumber(2), new Int32(3)] },
      Long.fromNumber(6),
    ],
    [
      'a decimal and an int to a decimal',
      { $multiply: [Decimal128.fromString('0.10'), new Int32(3)] },
      Decimal128.fromString('0.30'),
    ],
    ['ints divided to a double', { $divide: [new Int32(6), new Int32(3)] }, new Double(2)],
    ['an average of ints to a double', { $avg: [new Int32(1), new Int32(3)] }, new Double(2)],
    [
      'a sum of decimals exactly',
      { $sum: [Decimal128.fromString('0.1'), Decimal128.fromString('0.2')] },
      Decimal128.fromString('0.3'),
    ],
    [
      'a sum of tenths without drift',
      { $sum: Array.from({ length: 10 }, () => 0.1) },
      new Double(1),
    ],
  ] as [string, unknown, unknown][])('Documents compute %s', async (_name, expression, result) => {
    expect(await computed({}, expression)).toEqual(result)
  })

  it('Documents increment in the type they have', async () => {
    const collection = await stored({
      _id: 1 as never,
      int: new Int32(1),
      long: Long.fromNumber(1),
      double: new Double(1),
      decimal: Decimal128.fromString('1.0'),
      edge: new Int32(2_147_483_647),
    })
    await collection.updateOne(
      {},
      { $inc: { int: 1, long: 1, double: 1, decimal: 1, edge: 1, fresh: 1 } },
    )
    expect(await collection.findOne()).toEqual({
      _id: new Int32(1),
      int: new Int32(2),
      long: Long.fromNumber(2),
      double: new Double(2),
      decimal: Decimal128.fromString('2.0'),
      edge: Long.fromString('2147483648'),
      fresh: new Int32(1),
    })
    await collection.updateOne({}, { $set: { long: Long.MAX_VALUE } })
    expect(await codeOf(collection.updateOne({}, { $inc: { long: 1 } }))).toBe(2)
  })

  it('Documents group by dates, ids and numbers of any type as by values', async () => {
    const id = new ObjectId()
    const keys = [
      new Date(5),
      new Date(5),
      id,
      new ObjectId(id.toHexString()),
      new Int32(1),
      new Double(1),
      Long.fromNumber(1),
      Decimal128.fromString('1.0'),
      null,
    ]
    const collection = await stored(...keys.map((key) => ({ key })), {})
    const rows = await collection
      .aggregate([{ $group: { _id: '$key', n: { $sum: 1 } } }, { $sort: { _id: 1 } }])
      .toArray()
    expect(rows.map(({ n }) => Number(n))).toEqual([2, 4, 2, 2])
  })

  it('Documents are equal as unique keys when their values are, whatever their types', async () => {
    const collection = await stored({ key: new Int32(5) })
    await collection.createIndex({ key: 1 }, { unique: true })
    for (const key of [new Double(5), Long.fromNumber(5), Decimal128.fromString('5.00')])
      expect(await codeOf(collection.insertOne({ key }))).toBe(11000)
    await collection.insertMany([{ key: '5' }, { key: new Double(5.5) }, { key: [6, 7] }])
    expect(await codeOf(collection.insertOne({ key: 7 }))).toBe(11000)
    await collection.insertOne({})
    expect(await codeOf(collection.insertOne({ key: null }))).toBe(11000)
  })

  it('Documents sort by type first, then by value', async () => {
    const order = [
      undefined,
      new Int32(-1),
      new Double(0.5),
      Long.fromNumber(3),
      'A',
      'a',
      { a: 1 },
      [9],
      new ObjectId(),
      false,
      true,
      new Date(0),
      /x/,
    ]
    const collection = await stored(
      ...order.map((v, n) => ({ _id: n as never, ...(v === undefined ? {} : { v }) })).toReversed(),
    )
    const sorted = await collection
      .find({ v: { $not: { $type: 'array' } } })
      .sort({ v: 1 })
      .toArray()
    expect(sorted.map(({ _id }) => Number(_id))).toEqual([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12])
  })

  it('Documents are not changed by an aggregation that changes its copies', async () => {
    const document = {
      _id: new Int32(1),
      list: [new Int32(1), new Int32(2)],
      none: [],
      deep: { a: { b: new Int32(1) }, list: [new Int32(1), new Int32(2)] },
      rows: [{ k: new Int32(1) }],
    }
    const collection = await stored(document)
    const pipelines: Document[][] = [
      [{ $unwind: { path: '$list', includeArrayIndex: 'i' } }],
      [{ $unwind: { path: '$none', preserveNullAndEmptyArrays: true, includeArrayIndex: 'i' } }],
      [{ $addFields: { 'deep.a.b': 9, 'rows.k': 9 } }],
      [{ $unset: 'deep.a.b' }],
      [{ $project: { deep: 0 } }],
      [{ $set: { deep: '$$REMOVE' } }],
      [{ $setWindowFields: { sortBy: { _id: 1 }, output: { 'deep.a.n': { $sum: 1 } } } }],
      [{ $replaceRoot: { newRoot: '$deep' } }, { $set: { 'a.b': 9 } }],
      [
        {
          $graphLookup: {
            from: collection.collectionName,
            startWith: '$_id',
            connectFromField: '_id',
            connectToField: '_id',
            as: 'deep',
          },
        },
      ],
      [
        {
          $lookup: {
            from: collection.collectionName,
            localField: '_id',
            foreignField: '_id',
            as: 'self',
          },
        },
        { $unwind: '$self' },
        { $set: { 'self.deep.a.b': 9 } },
      ],
      [{ $bucketAuto: { groupBy: '$_id', buckets: 1, output: { all: { $push: '$deep' } } } }],
      [{ $facet: { x: [{ $set: { 'deep.a.b': 9 } }] } }],
    ]
    for (const pipeline of pipelines) await collection.aggregate(pipeline).toArray()
    await collection.find({}, { projection: { 'deep.list': { $slice: 1 } } }).toArray()
    await collection.find({}, { projection: { 'deep.a.b': 0 } }).toArray()
    await collection
      .updateOne({ _id: document._id }, {
        $set: { 'deep.a.b': 5 },
        $inc: { 'rows.0.k': 'text' },
      } as never)
      .catch(() => undefined)
    expect(await collection.findOne()).toEqual(document)
  })

  it('Documents take the median and percentiles of numbers by size, not by their text', async () => {
    const collection = await stored(...[100, 9, 20, 1000, 10].map((ms) => ({ ms })))
    const [row] = await collection
      .aggregate([
        {
          $group: {
            _id: null,
            median: { $median: { input: '$ms', method: 'approximate' } },
            p: { $percentile: { input: '$ms', p: [0, 0.5, 0.95, 1], method: 'approximate' } },
          },
        },
      ])
      .toArray()
    expect([Number(row?.['median']), (row?.['p'] as unknown[]).map(Number)]).toEqual([
      20,
      [9, 20, 1000, 1000],
    ])
  })

  it('Documents stay findable by id and unique key in constant time', async () => {
    const collection = client.db('test').collection<{ _id: string; key: number }>('many')
    await collection.createIndex({ key: 1 }, { unique: true })
    const insert = async (from: number): Promise<number> => {
      const batch = Array.from({ length: 1000 }, (_, n) => ({ _id: `e${from + n}`, key: from + n }))
      const start = performance.now()
      await collection.insertMany(batch, { ordered: false })
      return performance.now() - start
    }
    const times: number[] = []
    for (let from = 0; from < 40_000; from += 1000) times.push(await insert(from))
    const fastest = (part: number[]): number => Math.min(...part)
    expect(fastest(times.slice(-10))).toBeLessThan(5 * fastest(times.slice(5, 15)))
    expect(await collection.findOne({ key: 39_999 })).toMatchObject({ _id: 'e39999' })
  })
})
