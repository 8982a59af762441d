import { describe, expect, it } from 'vitest'
import { at, type EventLogBench, failureOf } from './event-log-bench.ts'

/** Tests of writing events: each is stored once, however many writers repeat it. */
export function writeTests(bench: () => EventLogBench): void {
  describe('writing', () => {
    it('An event log stores a repeated batch without duplicates and reports each duplicate as 11000', async () => {
      const events = bench().collection<{ _id: string; n: number }>()
      const batch = ['a', 'b', 'c', 'd'].map((id, n) => ({ _id: id, n }))
      await events.insertMany(batch.slice(0, 2), { ordered: false })
      const failure = await failureOf(events.insertMany(batch, { ordered: false }))
      expect(failure.code).toBe(11000)
      expect(failure.writeErrors?.map(({ index, code }) => ({ index, code }))).toEqual([
        { index: 0, code: 11000 },
        { index: 1, code: 11000 },
      ])
      expect(failure.result?.insertedCount).toBe(2)
      expect(await events.find().sort({ _id: 1 }).toArray()).toEqual(batch)
    })

    it('An event log keeps the first of two events with one id inside a batch', async () => {
      const events = bench().collection<{ _id: number; v: string }>()
      const failure = await failureOf(
        events.insertMany(
          [
            { _id: 1, v: 'first' },
            { _id: 1, v: 'second' },
            { _id: 2, v: 'third' },
          ],
          { ordered: false },
        ),
      )
      expect(failure.writeErrors?.map(({ index }) => index)).toEqual([1])
      expect(await events.findOne({ _id: 1 })).toEqual({ _id: 1, v: 'first' })
    })

    it('An event log stops an ordered batch at its first duplicate', async () => {
      const events = bench().collection<{ _id: number }>()
      await events.insertOne({ _id: 2 })
      const failure = await failureOf(events.insertMany([{ _id: 1 }, { _id: 2 }, { _id: 3 }]))
      expect([failure.code, failure.result?.insertedCount]).toEqual([11000, 1])
      expect(await events.countDocuments({ _id: 3 })).toBe(0)
    })

    it('An event log stores every event once when writers send the same batches concurrently', async () => {
      const events = bench().collection<{ _id: number }>()
      const send = async (from: number): Promise<void> => {
        const batch = Array.from({ length: 50 }, (_, index) => ({ _id: from + index }))
        await events
          .insertMany(batch, { ordered: false })
          .catch((error: unknown) => expect((error as { code: number }).code).toBe(11000))
      }
      await Promise.all(Array.from({ length: 16 }, (_, writer) => send((writer % 4) * 50)))
      expect(await events.countDocuments()).toBe(200)
    })

    it('An event log stores several thousand events in one batch', async () => {
      const events = bench().collection()
      const batch = Array.from({ length: 4000 }, (_, n) => ({
        n,
        event_data: { text: 'x'.repeat(300) },
      }))
      expect((await events.insertMany(batch, { ordered: false })).insertedCount).toBe(4000)
      expect(await events.estimatedDocumentCount()).toBe(4000)
    })

    it('An event log returns dates, longs, decimals, binary data, null and nested values as stored', async () => {
      const { Decimal128, Long, ObjectId } = bench().mongodb
      const event = {
        _id: new ObjectId(),
        timestamp: at('01T00:00'),
        long: Long.fromString('9007199254740993'),
        price: Decimal128.fromString('19.90'),
        bytes: Buffer.from([0, 1, 255]),
        nothing: null,
        nested: { list: [1, [2.5, { deep: 'ünï\u{1f600}' }], []], empty: {} },
        flag: false,
        text: '',
      }
      const events = await bench().store([event])
      const stored = await events.findOne(
        { _id: event._id },
        { promoteLongs: false, promoteBuffers: true },
      )
      expect(stored?.['timestamp']).toEqual(event.timestamp)
      expect([String(stored?.['long']), String(stored?.['price'])]).toEqual([
        '9007199254740993',
        '19.90',
      ])
      expect([...(stored?.['bytes'] as Buffer)]).toEqual([0, 1, 255])
      expect(JSON.parse(JSON.stringify(stored?.['nested']))).toEqual(event.nested)
      expect([stored?.['nothing'], stored?.['flag'], stored?.['text']]).toEqual([null, false, ''])
    })

    it('An event log counts concurrent increments of an upserted document without losing one', async () => {
      const counters = bench().collection<{ _id: string; n: number }>()
      await counters.insertOne({ _id: 'views', n: 0 })
      await Promise.all(
        Array.from({ length: 40 }, () => counters.updateOne({ _id: 'views' }, { $inc: { n: 1 } })),
      )
      expect(await counters.findOne({ _id: 'views' })).toEqual({ _id: 'views', n: 40 })
    })

    it('An event log replaces a state document only by a newer version; an older one is a duplicate key', async () => {
      const states = bench().collection<{ _id: number; version: number; title: string }>()
      const write = async (version: number): Promise<unknown> =>
        states.updateOne(
          { _id: 1, version: { $lt: version } },
          { $set: { version, title: `v${version}` } },
          { upsert: true },
        )
      await write(2)
      await write(5)
      expect((await failureOf(write(3))).code).toBe(11000)
      expect(await states.findOne({ _id: 1 })).toEqual({ _id: 1, version: 5, title: 'v5' })
    })

    it('An event log pseudonymises all events of a user in one statement', async () => {
      const events = await bench().store(
        [1, 2, 1].map((user, n) => ({
          _id: n,
          user_id: user,
          metadata: { ip_address: '10.0.0.1', referrer: 'x' },
        })),
      )
      const result = await events.updateMany(
        { user_id: 1 },
        { $set: { user_id: null }, $unset: { 'metadata.ip_address': '' } },
      )
      expect([result.matchedCount, result.modifiedCount]).toEqual([2, 2])
      expect(await events.find().sort({ _id: 1 }).toArray()).toEqual([
        { _id: 0, user_id: null, metadata: { referrer: 'x' } },
        { _id: 1, user_id: 2, metadata: { ip_address: '10.0.0.1', referrer: 'x' } },
        { _id: 2, user_id: null, metadata: { referrer: 'x' } },
      ])
    })
  })
}
