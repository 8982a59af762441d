import type { Document, Filter } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { at, type EventLogBench, failureOf } from './event-log-bench.ts'

const minute = 60_000

/**
 * Tests of reading events: filters, order, pages, cursors beyond one batch, and the errors of wrong
 * questions.
 */
export function readTests(bench: () => EventLogBench): void {
  describe('reading', () => {
    it('An event log finds by user, type and time, newest first', async () => {
      const events = await bench().store([
        { _id: 1, user_id: 1, event_type: 'login', timestamp: at('01T10:00') },
        { _id: 2, user_id: 1, event_type: 'view', timestamp: at('02T10:00') },
        { _id: 3, user_id: 2, event_type: 'login', timestamp: at('03T10:00') },
        { _id: 4, user_id: 1, event_type: 'login', timestamp: at('04T10:00') },
      ])
      const ids = async (filter: Filter<Document>) =>
        (await events.find(filter).sort({ timestamp: -1 }).toArray()).map(({ _id }) => _id)
      expect(await ids({ user_id: 1 })).toEqual([4, 2, 1])
      expect(
        await ids({
          event_type: 'login',
          timestamp: { $gte: at('01T10:00'), $lt: at('04T10:00') },
        }),
      ).toEqual([3, 1])
      expect(await ids({ user_id: { $in: [2, 3] } })).toEqual([3])
      expect(await ids({ $or: [{ user_id: 2 }, { event_type: 'view' }] })).toEqual([3, 2])
    })

    it('An event log pages through events of one instant without missing or repeating one', async () => {
      const start = at('01T00:00').getTime()
      const documents = Array.from({ length: 95 }, (_, n) => ({
        _id: `e${String(n).padStart(3, '0')}`,
        timestamp: new Date(start + Math.floor(n / 10) * minute),
      }))
      const events = await bench().store(documents)
      const seen: unknown[] = []
      let after: Filter<Document> = {}
      for (;;) {
        const page = await events.find(after).sort({ timestamp: -1, _id: -1 }).limit(7).toArray()
        const last = page.at(-1)
        if (last === undefined) break
        seen.push(...page.map(({ _id }) => _id))
        after = {
          $or: [
            { timestamp: { $lt: last['timestamp'] as Date } },
            { timestamp: last['timestamp'] as Date, _id: { $lt: last._id } },
          ],
        }
      }
      expect(seen).toEqual(documents.map(({ _id }) => _id).reverse())
    })

    it('An event log reads a cursor to its end over many batches, in order, while another is read', async () => {
      const events = await bench().store(
        Array.from({ length: 1200 }, (_, n) => ({ _id: n as never, n })),
      )
      const up = events.find().sort({ n: 1 }).batchSize(100)
      const down = events.find().sort({ n: -1 }).batchSize(35)
      for (let n = 0; n < 1200; n += 1)
        expect([(await up.next())?.['n'], (await down.next())?.['n']]).toEqual([n, 1199 - n])
      expect([await up.next(), await down.next()]).toEqual([null, null])
    })

    it('An event log returns the first 101 documents at once and the others on request', async () => {
      const events = await bench().store(Array.from({ length: 150 }, (_, n) => ({ n })))
      const reply = await bench().database.command(
        { find: events.collectionName, filter: {} },
        { promoteLongs: false },
      )
      const first = reply['cursor'] as { firstBatch: unknown[]; id: unknown }
      expect(first.firstBatch).toHaveLength(101)
      const more = await bench().database.command({
        getMore: first.id,
        collection: events.collectionName,
      })
      expect((more['cursor'] as { nextBatch: unknown[] }).nextBatch).toHaveLength(49)
    })

    it('An event log projects, skips and limits', async () => {
      const events = await bench().store(
        Array.from({ length: 20 }, (_, n) => ({ n, metadata: { ip: `10.0.0.${n}`, agent: 'x' } })),
      )
      const page = await events
        .find({ n: { $gte: 5 } }, { projection: { _id: 0, n: 1, 'metadata.ip': 1 } })
        .sort({ n: 1 })
        .skip(2)
        .limit(2)
        .toArray()
      expect(page).toEqual([
        { n: 7, metadata: { ip: '10.0.0.7' } },
        { n: 8, metadata: { ip: '10.0.0.8' } },
      ])
    })

    it('An event log returns nothing for an absent collection', async () => {
      const none = bench().collection()
      expect([
        await none.find().toArray(),
        await none.countDocuments(),
        await none.distinct('x'),
        await none.findOne({}),
      ]).toEqual([[], 0, [], null])
      expect(await none.aggregate([{ $group: { _id: null, n: { $sum: 1 } } }]).toArray()).toEqual(
        [],
      )
    })

    it('An event log compares numbers by value whatever their type, and never with text', async () => {
      const { Decimal128, Double, Long } = bench().mongodb
      const events = await bench().store(
        [5, new Double(5), Long.fromNumber(5), Decimal128.fromString('5.0'), '5', 6].map((v) => ({
          v,
        })),
      )
      expect(await events.countDocuments({ v: 5 })).toBe(4)
      expect(await events.countDocuments({ v: { $gte: 5 } })).toBe(5)
      expect(await events.countDocuments({ v: { $lt: 'z' } })).toBe(1)
    })

    it('An event log finds null where a field is null or missing, and tells them apart on request', async () => {
      const events = await bench().store([
        { _id: 1 as never, v: null },
        { _id: 2 as never },
        { _id: 3 as never, v: 0 },
      ])
      expect(await events.countDocuments({ v: null })).toBe(2)
      expect(await events.countDocuments({ v: { $exists: true } })).toBe(2)
      expect((await events.find({ v: { $ne: null } }).toArray()).map(({ _id }) => _id)).toEqual([3])
    })

    it('An event log finds and sorts by fields of nested documents and lists', async () => {
      const events = await bench().store([
        {
          _id: 1 as never,
          tags: ['b', 'z'],
          lines: [
            { k: 'a', q: 1 },
            { k: 'b', q: 5 },
          ],
        },
        { _id: 2 as never, tags: ['a', 'c'], lines: [{ k: 'a', q: 5 }] },
      ])
      expect(await events.countDocuments({ tags: 'c' })).toBe(1)
      expect(await events.countDocuments({ 'lines.k': 'a', 'lines.q': 5 })).toBe(2)
      expect(await events.countDocuments({ lines: { $elemMatch: { k: 'a', q: 5 } } })).toBe(1)
      expect((await events.find().sort({ tags: -1 }).toArray()).map(({ _id }) => _id)).toEqual([
        1, 2,
      ])
    })

    it('An event log removes documents by time and reports their number', async () => {
      const events = await bench().store(
        ['01', '02', '03'].map((day) => ({ timestamp: at(`${day}T00:00`) })),
      )
      expect((await events.deleteMany({ timestamp: { $lt: at('03T00:00') } })).deletedCount).toBe(2)
      expect(await events.countDocuments()).toBe(1)
    })

    it('An event log answers an unknown operator, an unknown stage and an unknown command with an error', async () => {
      const events = await bench().store([{ v: 1 }])
      expect((await failureOf(events.find({ v: { $nope: 1 } }).toArray())).code).toBe(2)
      expect((await failureOf(events.aggregate([{ $nope: {} }]).toArray())).code).toBe(40324)
      expect((await failureOf(bench().database.command({ nope: 1 }))).code).toBe(59)
      expect((await failureOf(events.updateOne({}, { $set: { _id: 'another' } }))).code).toBe(66)
    })
  })
}
