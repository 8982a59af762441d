import { type Document, MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MongodbStandIn, startMongodbStandIn } from '../../src/mongodb-stand-in/server.ts'

const find = (filter: unknown): Document => ({ find: 'none', filter })
const aggregate = (...pipeline: unknown[]): Document => ({
  aggregate: 'none',
  pipeline,
  cursor: {},
})
const project = (v: unknown): Document => aggregate({ $addFields: { v } })
const group = (v: unknown): Document => aggregate({ $group: { _id: null, v } })
const update = (u: unknown, more: Document = {}): Document => ({
  update: 'c',
  updates: [{ q: { _id: 1 }, u, ...more }],
})
const createIndex = (index: Document): Document => ({ createIndexes: 'c', indexes: [index] })

const refused: [Document, number][] = [
  [{ nope: 1 }, 59],
  [{ mapReduce: 'c' }, 59],
  [{ explain: { count: 'c' } }, 238],
  [{ find: 'c', filtre: {} }, 40415],
  [{ ...aggregate(), maxtime: 1 }, 40415],
  [{ insert: 'c', documents: [{}], order: false }, 40415],
  [{ find: 'c', collation: { locale: 'en' } }, 238],
  [{ find: 'c', tailable: true }, 238],
  [{ aggregate: 'c', pipeline: [], cursor: {}, explain: true }, 238],
  [{ create: 'n', capped: true, size: 10 }, 238],
  [{ create: 'n', validator: {} }, 238],
  [{ create: 'n', timeseries: {} }, 238],
  [{ create: 'n', viewOn: 'c' }, 238],
  [{ find: 'c', txnNumber: 1 }, 20],
  [{ find: 'c', startTransaction: true, autocommit: false }, 20],
  [{ commitTransaction: 1, autocommit: false }, 20],
  [aggregate({ $changeStream: {} }), 40573],
  [{ aggregate: 1, pipeline: [{ $changeStream: {} }], cursor: {} }, 40573],
  [find({ v: { $nope: 1 } }), 2],
  [find({ $nope: 1 }), 2],
  [find({ $and: [{ v: { $nope: 1 } }] }), 2],
  [find({ v: { $not: { $nope: 1 } } }), 2],
  [find({ v: { $elemMatch: { $nope: 1 } } }), 2],
  [find({ $where: 'true' }), 2],
  [find({ $text: { $search: 'x' } }), 2],
  [find({ v: { $near: [0, 0] } }), 2],
  [find({ v: { $type: 'nope' } }), 2],
  [find({ v: { $in: 1 } }), 2],
  [find({ v: { $regex: '(' } }), 2],
  [find({ $or: [] }), 2],
  [find(5), 14],
  [find({ $expr: { $nope: 1 } }), 168],
  [find({ $expr: '$$nope' }), 17276],
  [aggregate({ $nope: 1 }), 40324],
  [aggregate({ $search: {} }), 238],
  [aggregate({}), 40323],
  [aggregate({ $match: {}, $limit: 1 }), 40323],
  [aggregate({ $out: 'x' }, { $match: {} }), 40601],
  [aggregate({ $unwind: { path: '$a', nope: 1 } }), 40415],
  [aggregate({ $lookup: { from: 'c', as: 'x', nope: 1 } }), 40415],
  [aggregate({ $facet: { x: [{ $nope: 1 }] } }), 40324],
  [aggregate({ $lookup: { from: 'c', as: 'x', pipeline: [{ $nope: 1 }] } }), 40324],
  [aggregate({ $unionWith: { coll: 'c', pipeline: [{ $nope: 1 }] } }), 40324],
  [aggregate({ $setWindowFields: { output: { x: { $nope: 1 } } } }), 9],
  [project({ $nope: 1 }), 168],
  [project({ $cond: [true, { $nope: 1 }, 1] }), 168],
  [project({ $rand: {} }), 238],
  [project({ $function: {} }), 238],
  [project({ $dateTrunc: { date: '$at', unit: 'day', nope: 1 } }), 9],
  [project({ $dateTrunc: { date: '$at' } }), 9],
  [project('$$nope'), 17276],
  [project('$a.0'), 238],
  [group({ $nope: 1 }), 15952],
  [group({ $sum: { $nope: 1 } }), 168],
  [group({ $sum: 1, $avg: 1 }), 40238],
  [group(5), 40234],
  [aggregate({ $group: {} }), 15955],
  [update({ $nope: { a: 1 } }), 9],
  [update({ $set: { a: 1 }, $inc: { a: 1 } }), 40],
  [update({ $set: { _id: 2 } }), 66],
  [update({ $inc: { s: 1 } }), 14],
  [update({ $set: { 's.x': 1 } }), 28],
  [update({ $push: { s: 1 } }), 2],
  [update({ $push: { a: { $each: [], $nope: 1 } } }), 2],
  [update({ $set: { 'a.$[x]': 1 } }), 2],
  [update({ $set: { 'a.$': 1 } }), 2],
  [update([{ $group: { _id: 1 } }]), 72],
  [update({ a: 1 }, { multi: true }), 9],
  [createIndex({ key: { a: 'text' }, name: 't' }), 238],
  [createIndex({ key: { a: '2dsphere' }, name: 't' }), 238],
  [createIndex({ key: { '$**': 1 }, name: 't' }), 238],
  [createIndex({ key: { a: 1 }, name: 't', nope: 1 }), 197],
  [createIndex({ key: { a: 1 }, name: 't', collation: {} }), 238],
  [createIndex({ key: {}, name: 't' }), 67],
  [createIndex({ key: { a: 0 }, name: 't' }), 67],
  [{ create: 'a$b' }, 73],
  [{ insert: '', documents: [{}] }, 73],
  [{ insert: 'c', documents: [] }, 16],
  [{ insert: 'c', documents: [{ _id: [1] }] }, 2],
  [{ update: 'c', updates: [{ q: {} }] }, 40414],
  [{ delete: 'c', deletes: [{ q: {}, limit: 2 }] }, 9],
  [{ delete: 'c', deletes: [{ q: {}, limit: 0, nope: 1 }] }, 40415],
  [{ dropIndexes: 'c', index: 'nope' }, 27],
  [{ dropIndexes: 'c', index: '_id_' }, 72],
  [{ listIndexes: 'none' }, 26],
  [{ getMore: 5, collection: 'c' }, 14],
]

describe('what the MongoDB stand-in does not do', () => {
  let server: MongodbStandIn
  let client: MongoClient
  beforeAll(async () => {
    server = await startMongodbStandIn()
    client = new MongoClient(server.url)
    await client
      .db('test')
      .collection('c')
      .insertOne({ _id: 1 as never, s: 'text', a: [1] })
  })
  afterAll(async () => {
    await client.close()
    await server.stop()
  })

  it.each(refused.map(([command, code]) => [JSON.stringify(command), code, command] as const))(
    'The MongoDB stand-in answers an unsupported request with an error: %s → %i',
    async (_name, code, command) => {
      const reply: Document = await client
        .db('test')
        .command(command)
        .catch((error: unknown) => error as Document)
      const [first] = (reply['writeErrors'] ?? []) as Document[]
      expect(first?.['code'] ?? reply['code']).toBe(code)
    },
  )

  it('The MongoDB stand-in leaves the document of a refused update unchanged', async () => {
    expect(await client.db('test').collection('c').findOne()).toEqual({ _id: 1, s: 'text', a: [1] })
  })

  it('The MongoDB stand-in names a refused transaction as a standalone server does', async () => {
    const session = client.startSession()
    const attempt = session.withTransaction(() =>
      client.db('test').collection('c').insertOne({}, { session }),
    )
    await expect(attempt).rejects.toThrow()
    await session.endSession()
    expect(await client.db('test').collection('c').countDocuments()).toBe(1)
  })

  it('The MongoDB stand-in ends an aggregation that exceeds its time limit', async () => {
    const many = client.db('test').collection('many')
    await many.insertMany(Array.from({ length: 3000 }, (_, n) => ({ n })))
    const pipeline = [
      {
        $lookup: {
          from: 'many',
          let: { n: '$n' },
          pipeline: [{ $match: { $expr: { $lt: ['$n', '$$n'] } } }],
          as: 'below',
        },
      },
      { $count: 'n' },
    ]
    await expect(many.aggregate(pipeline, { maxTimeMS: 30 }).toArray()).rejects.toMatchObject({
      code: 50,
    })
  })
})
