import { randomUUID } from 'node:crypto'
import { err, ok, orThrow, transaction } from '@headwater/core'
import type { Stores } from '@headwater/core'
import type { RetentionDays } from '@headwater/repositories'
import { eventually, faultProxy } from '@headwater/testing'
import type { FaultProxy } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  aDate,
  documents,
  failureOf,
  openFixture,
  publishedEvents,
} from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture
let mongodb: FaultProxy
beforeAll(async () => {
  fixture = await openFixture({
    repositories: {
      activity: {
        flushIntervalMs: 20,
        retryMs: 50,
        writeDeadlineMs: 2_000,
        maxBuffered: 2_000,
        batchSize: 100,
        maxSpilled: 1_000,
      },
    },
    connect: async (options, parts) => {
      mongodb = await faultProxy(parts.mongodb.url)
      const { database } = parts.mongodb
      return { ...options, mongodb: { url: mongodb.url, database, deadlineMs: 10_000 } }
    },
  })
})
afterEach(() => {
  mongodb.restore()
})
afterAll(async () => {
  await fixture.dispose()
  await mongodb.close()
})

const spilled = async () =>
  Number(
    orThrow(
      await fixture.stores.postgres.query<{ count: string }>(
        'SELECT count(*) FROM @schema.activity_spill',
      ),
    ).rows[0]?.count,
  )
const logged = async (type: string) =>
  (await documents(fixture, 'user_activity')).filter((document) => document.event_type === type)
const numbers = (found: readonly object[]) =>
  found.map((document) => (document as { event_data: { n: number } }).event_data.n)
const sequence = (length: number) => Array.from({ length }, (_, n) => n)

const outages = ['cut', 'hang'] as const

const retentions: readonly (readonly [
  what: string,
  retentionDays: number | RetentionDays,
  expectedDays: Readonly<Record<string, number>>,
])[] = [
  ['90', 90, { user_activity: 90, search_logs: 90 }],
  ['30', 30, { user_activity: 30, search_logs: 30 }],
  [
    '30, 7 and 3,650',
    { activity: 30, searches: 7, enrollments: 3_650 },
    { user_activity: 30, search_logs: 7, enrollment_events: 3_650 },
  ],
  ['7 for searches', { searches: 7 }, { search_logs: 7 }],
]

/** The retention of each collection that has one, in days. */
async function retentionOf({ mongodb }: Stores): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const name of ['user_activity', 'search_logs', 'enrollment_events']) {
    const indexes = await mongodb
      ?.run('indexes', (database) => database.collection(name).indexes())
      .unwrapOr([])
    const seconds = indexes?.find((index) => index.name === 'retention')?.expireAfterSeconds
    if (typeof seconds === 'number') found[name] = seconds / 86_400
  }
  return found
}

describe('activity.record', () => {
  test('A recorded activity becomes a document with the returned id', async () => {
    const timestamp = new Date('2026-05-01T10:00:00.123Z')
    const id = orThrow(
      fixture.activity.record({
        userId: 7,
        type: 'course.viewed',
        data: { courseId: 3, from: null },
        metadata: { ipAddress: '127.0.0.1', userAgent: 'curl' },
        timestamp,
      }),
    )
    await eventually(async () =>
      expect(await logged('course.viewed')).toEqual([
        {
          _id: id,
          user_id: 7,
          event_type: 'course.viewed',
          event_data: { courseId: 3, from: null },
          metadata: { ip_address: '127.0.0.1', user_agent: 'curl', referrer: null },
          timestamp,
        },
      ]),
    )
  })

  test('Activity keeps the order in which it was recorded', async () => {
    orThrow(
      fixture.activity.recordMany(
        sequence(250).map((n) => ({
          type: 'order.kept',
          data: { n },
          timestamp: new Date(1_767_225_600_000 + n),
        })),
      ),
    )
    await eventually(async () => expect(numbers(await logged('order.kept'))).toEqual(sequence(250)))
  })

  test('The first write creates the indexes of the collections, once', async () => {
    orThrow(fixture.activity.record({ type: 'index.made' }))
    await fixture.activity.flush()
    const keys = async (name: string) =>
      orThrow(
        (await fixture.stores.mongodb?.run('indexes', (database) =>
          database.collection(name).indexes(),
        )) ?? fail(),
      ).map((index) =>
        Object.entries(index.key as object)
          .flat()
          .join(' '),
      )
    await eventually(async () => {
      expect(await keys('user_activity')).toEqual([
        '_id 1',
        'user_id 1 timestamp -1',
        'event_type 1 timestamp -1',
        'timestamp -1',
      ])
      expect(await keys('search_logs')).toEqual([
        '_id 1',
        'user_id 1 timestamp -1',
        'query 1 timestamp -1',
        'timestamp -1',
      ])
      expect(await keys('enrollment_events')).toEqual([
        '_id 1',
        'user_id 1 timestamp -1',
        'course_id 1 timestamp -1',
        'event_type 1 timestamp -1',
      ])
    })
  })

  test.each(retentions)(
    'A retention of %s days deletes documents of the right collections alone',
    async (_what, retentionDays, expectedDays) => {
      const another = await fixture.openAnother({ activity: { retentionDays } })
      orThrow(another.activity.record({ type: 'retention.set' }))
      await another.activity.flush()
      await eventually(async () => {
        expect(await retentionOf(another.stores)).toEqual(expectedDays)
      })
      await another.close()
    },
  )

  test('A retention that is no longer given ends', async () => {
    const another = await fixture.openAnother({})
    orThrow(another.activity.record({ type: 'retention.ended' }))
    await another.activity.flush()
    await eventually(async () => {
      expect(await retentionOf(another.stores)).toEqual({})
    })
    await another.close()
  })

  test.each(outages)(
    'Recording returns at once and loses nothing during an outage of MongoDB (%s)',
    async (fault) => {
      const type = `outage.${fault}`
      orThrow(fixture.activity.record({ type, data: { n: 0 } }))
      await eventually(
        async () => {
          await fixture.activity.flush()
          expect([numbers(await logged(type)), await spilled()]).toEqual([[0], 0])
        },
        { timeoutMs: 60_000 },
      )
      mongodb[fault]()
      const startedAt = performance.now()
      for (const n of sequence(300).slice(1))
        orThrow(
          fixture.activity.record({
            type,
            data: { n },
            timestamp: new Date(1_767_225_600_000 + n),
          }),
        )
      expect(performance.now() - startedAt).toBeLessThan(30_000)
      await eventually(async () => expect(await spilled()).toBe(299), { timeoutMs: 60_000 })
      mongodb.restore()
      await eventually(
        async () =>
          expect(numbers(await logged(type)).sort((a, b) => a - b)).toEqual(sequence(300)),
        { timeoutMs: 60_000 },
      )
      await eventually(async () => expect(await spilled()).toBe(0), { timeoutMs: 60_000 })
    },
  )

  test('A new process writes the entries that an earlier one has spilled', async () => {
    orThrow(
      await fixture.stores.postgres.query(
        'INSERT INTO @schema.activity_spill (origin, entry) VALUES (gen_random_uuid(), $1)',
        [
          JSON.stringify({
            kind: 'activity',
            id: randomUUID(),
            at: 1_767_225_600_000,
            userId: null,
            type: 'spill.of-before',
            data: {},
            metadata: {},
          }),
        ],
      ),
    )
    const another = await fixture.openAnother()
    orThrow(another.activity.record({ type: 'process.started' }))
    await eventually(
      async () => {
        await another.activity.flush()
        expect(await logged('spill.of-before')).toHaveLength(1)
        expect(await spilled()).toBe(0)
      },
      { timeoutMs: 60_000 },
    )
    await another.close()
  })

  test('Entries dropped because the buffer and the table are full are reported', async () => {
    const reasons: string[] = []
    const stop = fixture.stores.diagnostics.on('activity:dropped', ({ count, reason }) =>
      reasons.push(...Array<string>(count).fill(reason)),
    )
    mongodb.cut()
    for (const n of sequence(40)) {
      orThrow(
        fixture.activity.recordMany(
          sequence(100).map((m) => ({ type: 'flood.came', data: { n: n * 100 + m } })),
        ),
      )
      await fixture.activity.flush()
    }
    stop()
    expect(await spilled()).toBe(1_000)
    expect(reasons).toEqual(Array(1_000).fill('buffer-full'))
    mongodb.restore()
    await eventually(async () => expect(await logged('flood.came')).toHaveLength(3_000), {
      timeoutMs: 120_000,
    })
    await eventually(async () => expect(await spilled()).toBe(0), { timeoutMs: 60_000 })
  })

  test('Close writes the recorded activity', async () => {
    const another = await fixture.openAnother({ activity: { flushIntervalMs: 60_000 } })
    orThrow(another.activity.record({ type: 'process.ended' }))
    await another.close()
    expect(await logged('process.ended')).toHaveLength(1)
  })
})

describe('activity.recordDurably', () => {
  test('Durable activity reaches the log once, however often its event is delivered', async () => {
    orThrow(
      await fixture.activity.recordDurably({
        userId: 9,
        type: 'certificate.issued',
        data: { courseId: 4 },
        timestamp: new Date('2026-06-01T00:00:00.000Z'),
      }),
    )
    const [event] = (await publishedEvents(fixture.stores)).filter(
      ({ type }) => type === 'activity.recorded',
    )
    for (const _ of [1, 2]) await eventually(() => fixture.deliver(), { timeoutMs: 60_000 })
    expect(await logged('certificate.issued')).toMatchObject([
      {
        _id: event?.id,
        user_id: 9,
        event_data: { courseId: 4 },
        timestamp: new Date('2026-06-01T00:00:00.000Z'),
      },
    ])
  })
})

describe('activity.recordDurably in a transaction', () => {
  test('Durable activity in a transaction is committed or rolled back with it', async () => {
    for (const outcome of ['committed', 'rolled-back']) {
      const ended = await transaction(fixture.stores, async (tx) => {
        orThrow(
          await fixture.activity.recordDurably(
            { type: `purchase.${outcome}`, data: { courseId: 4 } },
            tx,
          ),
        )
        return outcome === 'committed' ? ok(undefined) : err('no')
      })
      expect(ended.isOk()).toBe(outcome === 'committed')
    }
    const types = (await publishedEvents(fixture.stores)).map(
      ({ payload }) => (payload as { type?: string }).type,
    )
    expect(types).toContain('purchase.committed')
    expect(types).not.toContain('purchase.rolled-back')
  })

  test('Durable activity whose data is too long for the outbox is refused', async () => {
    expect(
      failureOf(
        await fixture.activity.recordDurably({
          type: 'essay.sent',
          data: { text: 'é'.repeat(40_000) },
        }),
      ),
    ).toMatchObject({ type: 'invalid-input', field: 'data' })
  })
})

const orders = ['search first', 'click first']

describe('activity.logSearch and recordClick', () => {
  test.each(orders)('A search and its click become one document (%s)', async (order) => {
    const searchId = randomUUID()
    const steps = [
      () =>
        orThrow(
          fixture.activity.logSearch({
            searchId,
            userId: 5,
            query: 'algebra',
            resultsCount: 12,
            searchType: 'hybrid',
            durationMs: 8.5,
            hits: [{ courseId: 44, position: 1, dense: 3, lexical: 1 }],
          }),
        ),
      () => orThrow(fixture.activity.recordClick({ searchId, courseId: 44, position: 2 })),
    ]
    for (const step of order === 'click first' ? steps.reverse() : steps) {
      step()
      await fixture.activity.flush()
    }
    await eventually(async () => {
      await fixture.activity.flush()
      expect(
        (await documents(fixture, 'search_logs')).filter((document) => document._id === searchId),
      ).toEqual([
        {
          _id: searchId,
          user_id: 5,
          query: 'algebra',
          results_count: 12,
          search_type: 'hybrid',
          search_duration_ms: 8.5,
          results: [{ course_id: 44, position: 1, dense: 3, lexical: 1, rerank: null }],
          clicked_result: 44,
          click_position: 2,
          clicks: [{ course_id: 44, position: 2 }],
          cache_hit: null,
          timestamp: aDate,
        },
      ])
    })
  })

  test('A search without a click has none in its document', async () => {
    const searchId = orThrow(
      fixture.activity.logSearch({
        query: 'nothing',
        resultsCount: 0,
        searchType: 'lexical',
        durationMs: 1,
      }),
    )
    await eventually(async () => {
      await fixture.activity.flush()
      expect(
        (await documents(fixture, 'search_logs')).find((document) => document._id === searchId),
      ).toMatchObject({ user_id: null, clicked_result: null, click_position: null })
    })
  })
})

describe('activity.list', () => {
  test('A list filters by user, type and time, newest first, and pages through each record once', async () => {
    const at = (n: number) => new Date(Date.UTC(2026, 0, 1) + Math.floor(n / 2) * 1_000)
    orThrow(
      fixture.activity.recordMany(
        sequence(7).map((n) => ({
          userId: 4_242,
          type: n === 3 ? 'list.other' : 'list.tested',
          data: { n },
          timestamp: at(n),
        })),
      ),
    )
    await eventually(async () => {
      await fixture.activity.flush()
      expect(orThrow(await fixture.activity.list({ userId: 4_242 })).items).toHaveLength(7)
    })
    const seen: number[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = orThrow(await fixture.activity.list({ userId: 4_242, limit: 2, cursor }))
      seen.push(...page.items.map((item) => item.data.n as number))
      cursor = page.nextCursor
    }
    expect(seen).toEqual(sequence(7).reverse())
    expect(
      orThrow(await fixture.activity.list({ userId: 4_242, type: 'list.other' })).items,
    ).toMatchObject([{ userId: 4_242, type: 'list.other', data: { n: 3 }, metadata: {} }])
    expect(
      orThrow(await fixture.activity.list({ userId: 4_242, from: at(2), to: at(4) }))
        .items.map((item) => item.data.n)
        .sort(),
    ).toEqual([2, 3])
  })

  test('A list fails with store-unavailable while MongoDB is down', async () => {
    mongodb.cut()
    await eventually(
      async () =>
        expect(failureOf(await fixture.activity.list())).toMatchObject({
          type: 'store-unavailable',
          store: 'mongodb',
        }),
      { timeoutMs: 120_000 },
    )
  })
})

function fail(): never {
  throw new Error('the stores have no MongoDB')
}
