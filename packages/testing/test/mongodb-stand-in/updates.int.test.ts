import { type Document, MongoClient, ObjectId } from 'mongodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MongodbStandIn, startMongodbStandIn } from '../../src/mongodb-stand-in/server.ts'

const before = {
  _id: 1,
  n: 5,
  s: 'x',
  list: [1, 2, 3],
  rows: [
    { k: 'a', q: 1 },
    { k: 'b', q: 2 },
  ],
  deep: { a: 1 },
}

const updates: [Document | Document[], Document][] = [
  [
    { $set: { n: 6, 'deep.b.c': 1, 'list.0': 9 } },
    { n: 6, deep: { a: 1, b: { c: 1 } }, list: [9, 2, 3] },
  ],
  [
    { $unset: { s: '', 'deep.a': '', 'list.1': '' } },
    { s: undefined, deep: {}, list: [1, null, 3] },
  ],
  [
    { $inc: { n: -2, fresh: 1 }, $mul: { 'deep.a': 3 } },
    { n: 3, fresh: 1, deep: { a: 3 } },
  ],
  [
    { $min: { n: 3, 'deep.a': 5 }, $max: { fresh: 2 } },
    { n: 3, fresh: 2 },
  ],
  [{ $rename: { s: 'text', 'deep.a': 'top' } }, { s: undefined, text: 'x', deep: {}, top: 1 }],
  [{ $push: { list: 4 } }, { list: [1, 2, 3, 4] }],
  [{ $push: { list: { $each: [0, 9], $sort: -1, $slice: 3 } } }, { list: [9, 3, 2] }],
  [{ $push: { list: { $each: [7], $position: 1 } } }, { list: [1, 7, 2, 3] }],
  [
    { $push: { rows: { $each: [{ k: 'c', q: 0 }], $sort: { q: 1 } } } },
    {
      rows: [
        { k: 'c', q: 0 },
        { k: 'a', q: 1 },
        { k: 'b', q: 2 },
      ],
    },
  ],
  [{ $addToSet: { list: { $each: [3, 4, 4] }, rows: { k: 'a', q: 1 } } }, { list: [1, 2, 3, 4] }],
  [{ $pull: { list: { $gte: 2 }, rows: { k: 'a' } } }, { list: [1], rows: [{ k: 'b', q: 2 }] }],
  [{ $pullAll: { list: [1, 3] } }, { list: [2] }],
  [{ $pop: { list: 1 } }, { list: [1, 2] }],
  [{ $pop: { list: -1 } }, { list: [2, 3] }],
  [
    { $set: { 'rows.$[].q': 0 } },
    {
      rows: [
        { k: 'a', q: 0 },
        { k: 'b', q: 0 },
      ],
    },
  ],
  [[{ $set: { n: { $add: ['$n', '$deep.a'] } } }, { $unset: 's' }], { n: 6, s: undefined }],
]

describe('updates in the MongoDB stand-in', () => {
  let server: MongodbStandIn
  let client: MongoClient
  beforeAll(async () => {
    server = await startMongodbStandIn()
    client = new MongoClient(server.url)
  })
  afterAll(async () => {
    await client.close()
    await server.stop()
  })
  const holding = async (...documents: Document[]) => {
    const collection = client.db('test').collection<Document>(new ObjectId().toHexString())
    if (documents.length > 0)
      await collection.insertMany(documents.map((document) => ({ ...document })))
    return collection
  }

  it.each(updates.map(([update, changes]) => [JSON.stringify(update), update, changes] as const))(
    'Updates apply %s',
    async (_name, update, changes) => {
      const collection = await holding(before)
      expect(await collection.updateOne({ _id: 1 as never }, update)).toMatchObject({
        matchedCount: 1,
        modifiedCount: 1,
      })
      expect(await collection.findOne()).toEqual({ ...before, ...changes })
    },
  )

  it('Updates count an already equal document as matched, not as modified', async () => {
    const collection = await holding(before)
    expect(
      await collection.updateMany({}, { $set: { n: 5 }, $addToSet: { list: 1 } }),
    ).toMatchObject({ matchedCount: 1, modifiedCount: 0 })
  })

  it('Updates change the element that the filter matched', async () => {
    const collection = await holding(before)
    await collection.updateOne({ 'rows.k': 'b' }, { $set: { 'rows.$.q': 50 } })
    await collection.updateOne({ list: { $gt: 1 } }, { $inc: { 'list.$': 10 } })
    expect(await collection.findOne()).toMatchObject({
      rows: [{ q: 1 }, { q: 50 }],
      list: [1, 12, 3],
    })
  })

  it('Updates change the elements that an array filter selects', async () => {
    const collection = await holding(before)
    await collection.updateOne(
      {},
      { $set: { 'rows.$[row].q': 9, 'list.$[big]': 0 } },
      { arrayFilters: [{ 'row.k': 'a' }, { big: { $gte: 2 } }] },
    )
    expect(await collection.findOne()).toMatchObject({
      rows: [{ q: 9 }, { q: 2 }],
      list: [1, 0, 0],
    })
  })

  it.each([
    [{ k: 1, 'a.b': 2 }, { $set: { v: 1 } }, { k: 1, a: { b: 2 }, v: 1 }],
    [
      { k: { $gt: 1 }, j: { $eq: 3 } },
      { $inc: { v: 1 }, $setOnInsert: { w: 2 } },
      { j: 3, v: 1, w: 2 },
    ],
    [{ $and: [{ k: 1 }, { j: 2 }] }, { $push: { list: 1 } }, { k: 1, j: 2, list: [1] }],
  ] as [Document, Document, Document][])(
    'Updates insert what an upsert did not find: %j %j',
    async (filter, update, expected) => {
      const collection = await holding()
      const { upsertedId } = await collection.updateOne(filter, update, { upsert: true })
      expect(upsertedId).toBeInstanceOf(ObjectId)
      expect(await collection.findOne({}, { projection: { _id: 0 } })).toEqual(expected)
    },
  )

  it('Updates return the document before or after, sorted, projected, or nothing', async () => {
    const collection = await holding({ _id: 1, n: 1 }, { _id: 2, n: 2 })
    expect(await collection.findOneAndUpdate({}, { $inc: { n: 10 } }, { sort: { n: -1 } })).toEqual(
      { _id: 2, n: 2 },
    )
    expect(
      await collection.findOneAndUpdate(
        {},
        { $inc: { n: 10 } },
        { sort: { n: 1 }, returnDocument: 'after', projection: { _id: 0 } },
      ),
    ).toEqual({ n: 11 })
    expect(
      await collection.findOneAndReplace(
        { _id: 1 as never },
        { v: 1 },
        { returnDocument: 'after' },
      ),
    ).toEqual({ _id: 1, v: 1 })
    expect(await collection.findOneAndDelete({ _id: 1 as never })).toEqual({ _id: 1, v: 1 })
    expect(await collection.findOneAndUpdate({ _id: 9 as never }, { $set: { v: 1 } })).toBeNull()
    expect(await collection.countDocuments()).toBe(1)
  })

  it('Updates of many documents stop at the first duplicate key and keep the earlier changes', async () => {
    const collection = await holding({ _id: 1, k: 1 }, { _id: 2, k: 2 })
    await collection.createIndex({ k: 1 }, { unique: true })
    await expect(collection.updateMany({}, { $set: { k: 7 } })).rejects.toMatchObject({
      code: 11000,
    })
    expect(
      (await collection.find().sort({ _id: 1 }).toArray()).map(({ k }) => k as number),
    ).toEqual([7, 2])
  })
})
