import { orThrow } from '@headwater/core'
import type { ActivityAnalytics, Period } from '@headwater/repositories'
import { eventually } from '@headwater/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { collectionIndexes } from '../../../src/activity/collections.ts'
import { aggregations } from './every-aggregation.ts'
import { ExpectedFigures } from './expected-figures.ts'
import { anyLog, anyPeriod } from './log-arbitraries.ts'
import type { AnyLog } from './log-arbitraries.ts'
import { countOperations, failureOf, openFixture } from '../../repositories-fixture.ts'
import type { RepositoriesFixture } from '../../repositories-fixture.ts'

// A further server, for contracts alone, where the environment names one.
const contractUrl = process.env['HEADWATER_CONTRACT_MONGODB_URL'] ?? ''
const servers = ['the test stack', ...(contractUrl === '' ? [] : ['a further MongoDB server'])]

describe.each(servers)('activity.analytics on %s', (server) => {
  let fixture: RepositoriesFixture
  beforeAll(async () => {
    fixture = await openFixture({
      connect: (options, parts) =>
        server === 'the test stack'
          ? options
          : { ...options, mongodb: { url: contractUrl, database: parts.mongodb.database } },
    })
    // Their creation in the background would count as an operation of a test.
    await eventually(
      async () => {
        fixture.activity.record({ type: 'indexes.needed' }).unwrapOr(undefined)
        await fixture.activity.flush()
        return indexedCollections()
      },
      { timeoutMs: 60_000 },
    )
  })
  afterAll(async () => {
    await inMongodb((database) => database.dropDatabase())
    await fixture.dispose()
  })

  const inMongodb = async <T>(
    use: (
      database: Parameters<
        Parameters<NonNullable<RepositoriesFixture['stores']['mongodb']>['run']>[1]
      >[0],
    ) => Promise<T>,
  ): Promise<T> => {
    const { mongodb } = fixture.stores
    if (mongodb === undefined) throw new Error('the stores have no MongoDB')
    return orThrow(await mongodb.run('test', use))
  }
  const store = async (log: AnyLog) => {
    const collections = {
      user_activity: log.activity,
      enrollment_events: log.enrollments,
      search_logs: log.searches,
    }
    for (const [name, documents] of Object.entries(collections)) {
      await inMongodb(async (database) => {
        await database.collection(name).deleteMany({})
        const copies: object[] = documents.map((document) => ({ ...document }))
        if (copies.length > 0) await database.collection(name).insertMany(copies)
      })
    }
  }

  const indexedCollections = () =>
    inMongodb(async (database) => {
      const counts = await Promise.all(
        Object.entries(collectionIndexes).map(
          async ([name, keys]) => (await database.collection(name).indexes()).length > keys.length,
        ),
      )
      return counts.every(Boolean)
    }).catch(() => false)

  const all: Period = { from: new Date('2020-01-01'), to: new Date('2030-01-01') }

  const figures: readonly (readonly [
    name: string,
    ask: (analytics: ActivityAnalytics, period: Period) => PromiseLike<unknown>,
    expected: (figures: ExpectedFigures) => unknown,
  ])[] = [
    [
      'active users per day',
      async (analytics, period) => orThrow(await analytics.activeUsers(period)),
      (expected) => expected.activeUsers('day'),
    ],
    [
      'active users per week',
      async (analytics, period) => orThrow(await analytics.activeUsers({ ...period, per: 'week' })),
      (expected) => expected.activeUsers('week'),
    ],
    [
      'events per type and day',
      async (analytics, period) => orThrow(await analytics.eventsPerDay(period)),
      (expected) => expected.eventsPerDay(),
    ],
    [
      'events of one type',
      async (analytics, period) =>
        orThrow(await analytics.eventsPerDay({ ...period, type: 'page.viewed' })),
      (expected) => expected.eventsPerDay('page.viewed'),
    ],
    [
      'the funnel of every course',
      async (analytics, period) => orThrow(await analytics.courseFunnel(period)),
      (expected) => expected.courseFunnel(),
    ],
    [
      'the funnel of one course',
      async (analytics, period) =>
        orThrow(await analytics.courseFunnel({ ...period, courseId: 2 })),
      (expected) => expected.courseFunnel(2),
    ],
    [
      'revenue per course and day',
      async (analytics, period) => orThrow(await analytics.revenue(period)),
      (expected) => expected.revenue(),
    ],
    [
      'revenue of one course',
      async (analytics, period) => orThrow(await analytics.revenue({ ...period, courseId: 3 })),
      (expected) => expected.revenue(3),
    ],
    [
      'the top queries',
      async (analytics, period) => orThrow(await analytics.topQueries({ ...period, limit: 3 })),
      (expected) => expected.queries(3, false),
    ],
    [
      'the queries without results',
      async (analytics, period) => orThrow(await analytics.queriesWithoutResults(period)),
      (expected) => expected.queries(20, true),
    ],
    [
      'click-through by position',
      async (analytics, period) => orThrow(await analytics.clickThrough(period)),
      (expected) => expected.clickThrough(),
    ],
    [
      'the median search time',
      async (analytics, period) => orThrow(await analytics.searchTime(period)),
      (expected) => expected.searchTime(),
    ],
  ]

  test('The figures agree with plain loops over any log and any period', async () => {
    await fc.assert(
      fc.asyncProperty(anyLog, anyPeriod, async (log, period) => {
        await store(log)
        const expected = new ExpectedFigures(log, period)
        for (const [name, ask, expectedOf] of figures)
          expect({ [name]: await ask(fixture.activity.analytics, period) }).toEqual({
            [name]: expectedOf(expected),
          })
      }),
      { numRuns: 25, endOnFailure: true },
    )
  })

  test.each(figures)('The figure %s takes one operation of MongoDB', async (_name, ask) => {
    await eventually(async () => {
      expect(
        await countOperations(fixture.stores, async () => {
          await ask(fixture.activity.analytics, all)
        }),
      ).toEqual(['mongodb: activity-analytics'])
    })
  })

  // Servers other than mongod and the stand-in weigh costs, and read a small collection as a whole.
  test.for(aggregations)(
    'The aggregation of %s scans indexes alone',
    async ([, { collection, pipeline }], context) => {
      await eventually(async () => {
        expect(await indexedCollections()).toBe(true)
      })
      const explained = await inMongodb((database) =>
        database.command({
          explain: { aggregate: collection, pipeline: [...pipeline], cursor: {} },
          verbosity: 'queryPlanner',
        }),
      )
      const plan = JSON.stringify(explained)
      if (server !== 'the test stack' && !/IXSCAN|COLLSCAN/.test(plan)) return context.skip()
      expect(plan).toMatch(/IXSCAN/)
      expect(plan).not.toMatch(/COLLSCAN/)
    },
  )

  test('The figures of an empty log are empty', async () => {
    await store({ activity: [], enrollments: [], searches: [] })
    const { analytics } = fixture.activity
    expect(orThrow(await analytics.searchTime(all))).toEqual({ searches: 0, medianMs: null })
    expect(orThrow(await analytics.clickThrough(all))).toEqual([])
    expect(orThrow(await analytics.courseFunnel(all))).toEqual([])
  })

  test('Days and weeks begin at midnight of the time zone, also where clocks change', async () => {
    const moments = ['2026-03-28T22:59:59Z', '2026-03-28T23:00:00Z', '2026-03-29T21:59:59Z']
    const activity = [...moments, '2026-03-29T22:00:00Z'].map((at, nth) => ({
      _id: `a${nth}`,
      user_id: nth,
      event_type: 'page.viewed',
      event_data: {},
      metadata: { ip_address: null, user_agent: null, referrer: null },
      timestamp: new Date(at),
    }))
    await store({ activity, enrollments: [], searches: [] })
    const { analytics } = fixture.activity
    const inBerlin = { ...all, timeZone: 'Europe/Berlin' }
    const days = orThrow(await analytics.eventsPerDay(inBerlin))
    expect(days.map(({ day, count }) => [day.toISOString(), count])).toEqual([
      ['2026-03-27T23:00:00.000Z', 1],
      ['2026-03-28T23:00:00.000Z', 2],
      ['2026-03-29T22:00:00.000Z', 1],
    ])
    const weeks = orThrow(await analytics.activeUsers({ ...inBerlin, per: 'week' }))
    expect(weeks.map(({ since, users }) => [since.toISOString(), users])).toEqual([
      ['2026-03-22T23:00:00.000Z', 3],
      ['2026-03-29T22:00:00.000Z', 1],
    ])
  })

  test('A bad option of a figure is invalid-input that names its field', async () => {
    const { analytics } = fixture.activity
    expect(
      failureOf(await analytics.revenue({ ...all, from: new Date(Number.NaN) })),
    ).toMatchObject({ type: 'invalid-input', field: 'from' })
    for (const timeZone of ['Mars/Olympus', '', 'UTC; drop'])
      expect(failureOf(await analytics.eventsPerDay({ ...all, timeZone }))).toMatchObject({
        type: 'invalid-input',
        field: 'timeZone',
      })
    expect(failureOf(await analytics.topQueries({ ...all, limit: 0 }))).toMatchObject({
      type: 'invalid-input',
      field: 'limit',
    })
    expect(failureOf(await analytics.courseFunnel({ ...all, courseId: -1 }))).toMatchObject({
      type: 'invalid-input',
      field: 'courseId',
    })
  })
})
