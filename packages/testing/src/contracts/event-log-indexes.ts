import { describe, expect, it } from 'vitest'
import { at, type EventLogBench, failureOf } from './event-log-bench.ts'
import type { EventLogCapabilities } from './event-log-capabilities.ts'

const referenceIndexes = {
  user_activity: [
    { user_id: 1, timestamp: -1 },
    { event_type: 1, timestamp: -1 },
    { timestamp: -1 },
  ],
  search_logs: [{ user_id: 1, timestamp: -1 }, { query: 1, timestamp: -1 }, { timestamp: -1 }],
  enrollment_events: [
    { user_id: 1, timestamp: -1 },
    { course_id: 1, timestamp: -1 },
    { event_type: 1, timestamp: -1 },
  ],
} as const

/**
 * Tests of indexes: those of the reference schema, unique ones, expiry, and the errors of clashing
 * ones.
 */
export function indexTests(
  bench: () => EventLogBench,
  capabilities: Required<EventLogCapabilities>,
): void {
  describe('indexes', () => {
    it('An event log creates the indexes of the three collections, and again without effect', async () => {
      for (const [name, keys] of Object.entries(referenceIndexes)) {
        const collection = bench().database.collection(name)
        const specifications = keys.map((key) => ({ key: { ...key } }))
        await collection.createIndexes(specifications)
        await collection.createIndexes(specifications)
        const listed = await collection.indexes()
        expect(listed.map(({ key }) => Object.entries(key as object))).toEqual(
          [{ _id: 1 }, ...keys].map((key) => Object.entries(key)),
        )
      }
    })

    it('An event log refuses a second document with a unique key, however it is written', async () => {
      const users = bench().collection<{ _id: string; email: string }>()
      await users.createIndex({ email: 1 }, { unique: true })
      await users.insertMany([
        { _id: 'a', email: 'a@x' },
        { _id: 'b', email: 'b@x' },
      ])
      const attempts = [
        users.insertOne({ _id: 'c', email: 'a@x' }),
        users.updateOne({ _id: 'b' }, { $set: { email: 'a@x' } }),
        users.updateOne({ _id: 'd' }, { $set: { email: 'a@x' } }, { upsert: true }),
        users.findOneAndUpdate({ _id: 'b' }, { $set: { email: 'a@x' } }),
        users.replaceOne({ _id: 'b' }, { email: 'a@x' }),
      ]
      expect((await Promise.all(attempts.map(failureOf))).map(({ code }) => code)).toEqual(
        attempts.map(() => 11000),
      )
      expect(await users.find().sort({ _id: 1 }).toArray()).toEqual([
        { _id: 'a', email: 'a@x' },
        { _id: 'b', email: 'b@x' },
      ])
    })

    it('An event log frees a unique key when its document is removed', async () => {
      const users = bench().collection<{ _id: number; email?: string }>()
      await users.createIndex({ email: 1 }, { unique: true })
      await users.insertOne({ _id: 1, email: 'a@x' })
      await users.updateOne({ _id: 1 }, { $set: { email: 'b@x' } })
      await users.insertOne({ _id: 2, email: 'a@x' })
      await users.deleteOne({ _id: 1 })
      await users.insertOne({ _id: 3, email: 'b@x' })
      expect(await users.countDocuments()).toBe(2)
    })

    it('An event log enforces compound unique keys, and partial ones among covered documents', async () => {
      const rows = bench().collection()
      await rows.createIndex({ user_id: 1, course_id: 1 }, { unique: true })
      await rows.createIndex({ slot: 1 }, { unique: true, partialFilterExpression: { live: true } })
      await rows.insertMany([
        { user_id: 1, course_id: 1, slot: 7, live: true },
        { user_id: 1, course_id: 2, slot: 7, live: false },
      ])
      expect(
        (await failureOf(rows.insertOne({ user_id: 1, course_id: 2, slot: 8, live: true }))).code,
      ).toBe(11000)
      expect(
        (await failureOf(rows.insertOne({ user_id: 2, course_id: 1, slot: 7, live: true }))).code,
      ).toBe(11000)
    })

    it('An event log reports a duplicate key in the middle of a bulk write and performs the rest', async () => {
      const rows = bench().collection<{ _id: number; key: number }>()
      await rows.createIndex({ key: 1 }, { unique: true })
      await rows.insertMany([
        { _id: 1, key: 1 },
        { _id: 2, key: 2 },
        { _id: 3, key: 3 },
      ])
      const set = (id: number, key: number) => ({
        updateOne: { filter: { _id: id }, update: { $set: { key } } },
      })
      const failure = await failureOf(
        rows.bulkWrite([set(1, 9), set(2, 3), set(3, 8)], { ordered: false }),
      )
      expect(failure.writeErrors?.map(({ index, code }) => ({ index, code }))).toEqual([
        { index: 1, code: 11000 },
      ])
      expect((await rows.find().sort({ _id: 1 }).toArray()).map(({ key }) => key)).toEqual([
        9, 2, 8,
      ])
    })

    it('An event log lists a retention index with its time', async () => {
      const events = await bench().store([{ timestamp: at('01T00:00') }])
      await events.createIndex(
        { timestamp: 1 },
        { expireAfterSeconds: 86_400 * 3650, name: 'retention' },
      )
      expect((await events.indexes()).find(({ name }) => name === 'retention')).toMatchObject({
        key: { timestamp: 1 },
        expireAfterSeconds: 86_400 * 3650,
      })
    })

    it('An event log refuses a unique index over documents that already share a key', async () => {
      const rows = await bench().store([{ v: 1 }, { v: 1 }])
      expect((await failureOf(rows.createIndex({ v: 1 }, { unique: true }))).code).toBe(11000)
      expect(await rows.indexes()).toHaveLength(1)
    })

    it('An event log drops an index by name and reports an absent one', async () => {
      const rows = await bench().store([{ v: 1 }])
      await rows.createIndex({ v: 1 })
      await rows.dropIndex('v_1')
      expect((await failureOf(rows.dropIndex('v_1'))).code).toBe(27)
    })

    it('An event log refuses an index that conflicts with an existing one', async () => {
      const rows = await bench().store([{ v: 1 }])
      await rows.createIndex({ v: 1 }, { name: 'by_v' })
      expect([85, 86]).toContain(
        (await failureOf(rows.createIndex({ w: 1 }, { name: 'by_v' }))).code,
      )
    })

    it.runIf(capabilities.explainsScans)(
      'explains a scan of an index where a filter bounds its first field, else of the collection',
      async () => {
        const rows = bench().collection()
        await rows.insertOne({ user_id: 1, timestamp: at('01T00:00') })
        await rows.createIndex({ user_id: 1, timestamp: -1 })
        const planOf = async (match: object, union?: object) => {
          const unions =
            union === undefined
              ? []
              : [{ $unionWith: { coll: rows.collectionName, pipeline: [{ $match: union }] } }]
          const pipeline = [{ $match: match }, { $group: { _id: '$user_id' } }, ...unions]
          return JSON.stringify(await rows.aggregate(pipeline).explain('queryPlanner'))
        }
        const [bounded, unbounded] = [{ user_id: 1 }, { timestamp: { $gte: at('01T00:00') } }]
        expect(await planOf(bounded)).toMatch(/IXSCAN/)
        expect(await planOf(bounded)).not.toMatch(/COLLSCAN/)
        expect(await planOf(unbounded)).toMatch(/COLLSCAN/)
        expect(await planOf(bounded, unbounded)).toMatch(/COLLSCAN/)
      },
    )

    it.runIf(capabilities.duplicateKeyDetails)(
      'An event log names the duplicate key in its error',
      async () => {
        const rows = bench().collection()
        await rows.createIndex({ a: 1, b: -1 }, { unique: true })
        await rows.insertOne({ a: 1, b: 'x' })
        expect(await failureOf(rows.insertOne({ a: 1, b: 'x' }))).toMatchObject({
          keyPattern: { a: 1, b: -1 },
          keyValue: { a: 1, b: 'x' },
        })
      },
    )
  })
}
