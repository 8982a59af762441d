import { randomUUID } from 'node:crypto'
import { orThrow } from '@headwater/core'
import type { GatherOptions } from '@headwater/repositories'
import { faultProxy } from '@headwater/testing'
import type { FaultProxy } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { completeGathering, writeQueries } from '../../src/activity/asked/asked-collection.ts'
import type { MergedQuery } from '../../src/activity/asked/merge-spellings.ts'
import { failureOf, openFixture } from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

const contractUrl = process.env['HEADWATER_CONTRACT_MONGODB_URL'] ?? ''
const servers = ['the test stack', ...(contractUrl === '' ? [] : ['a further MongoDB server'])]

interface Asked {
  readonly by: readonly (number | null)[]
  readonly times?: number
  readonly found?: number
  readonly isClicked?: boolean
  readonly daysAgo?: number
}

describe.each(servers)('activity.queries on %s', (server) => {
  let fixture: RepositoriesFixture
  let mongodb: FaultProxy
  beforeAll(async () => {
    fixture = await openFixture({
      connect: async (options, { mongodb: { url, database } }) => {
        mongodb = await faultProxy(server === 'the test stack' ? url : contractUrl)
        return { ...options, mongodb: { url: mongodb.url, database, deadlineMs: 30_000 } }
      },
    })
  })
  afterEach(async () => {
    await collection('search_logs', (logs) => logs.deleteMany({}))
    await collection('search_queries', (queries) => queries.deleteMany({}))
  })
  afterAll(async () => {
    await fixture.dispose()
    await mongodb.close()
  })

  type Store = NonNullable<RepositoriesFixture['stores']['mongodb']>
  type Collection = ReturnType<Parameters<Parameters<Store['run']>[1]>[0]['collection']>
  const collection = async <T>(name: string, use: (of: Collection) => Promise<T>): Promise<T> =>
    orThrow(await fixture.stores.mongodb!.run('test', (database) => use(database.collection(name))))

  const ask = (query: string, { by, times = 1, found = 3, isClicked, daysAgo = 0 }: Asked) =>
    collection('search_logs', (logs) =>
      logs.insertMany(
        by.flatMap((user) =>
          Array.from({ length: times }, () => ({
            _id: randomUUID() as never,
            user_id: user,
            query,
            results_count: found,
            clicked_result: isClicked === true ? 7 : null,
            timestamp: new Date(Date.now() - daysAgo * 86_400_000),
          })),
        ),
      ),
    )

  const options: GatherOptions = {
    formOf: (text) => ({ form: text.replaceAll(/[ .]/g, ''), text }),
    minUsers: 3,
    days: 90,
  }
  const gather = async (changes: Partial<GatherOptions> = {}) =>
    orThrow(await fixture.activity.queries.gather({ ...options, ...changes }))
  const beginning = async (form: string, limit = 10) =>
    orThrow(await fixture.activity.queries.beginningWith(form, { minUsers: 3, limit })).map(
      ({ query }) => query,
    )
  const gathered = async (form = 'q') => {
    await gather()
    return beginning(form)
  }

  test('Queries that were clicked come first, then the most asked, and these before others', async () => {
    await ask('q rare', { by: [1, 2, 3] })
    await ask('q common', { by: [1, 2, 3, 4] })
    await ask('q clicked', { by: [1, 2, 3], isClicked: true })
    await ask('other', { by: [1, 2, 3] })
    expect(await gathered()).toEqual(['q clicked', 'q common', 'q rare'])
    expect(await beginning('qc')).toEqual(['q clicked', 'q common'])
    expect(await beginning('q', 1)).toEqual(['q clicked'])
  })

  test('A recent query comes before one that more users asked two months ago', async () => {
    await ask('q old', { by: [1, 2, 3, 4, 5], daysAgo: 60 })
    await ask('q new', { by: [1, 2, 3] })
    await ask('q forgotten', { by: [1, 2, 3, 4, 5], daysAgo: 91 })
    expect(await gathered()).toEqual(['q new', 'q old'])
  })

  test('One user who asks all day counts as ten searches', async () => {
    await ask('q loud', { by: [1, 2] })
    await ask('q loud', { by: [3], times: 100 })
    await ask('q popular', { by: Array.from({ length: 13 }, (_, user) => user + 1) })
    expect(await gathered()).toEqual(['q popular', 'q loud'])
  })

  test('Searches without a user, and those of erased ones, are nobody’s', async () => {
    await ask('q anonymous', { by: [1, 2, null, null, null, null] })
    await ask('q erased', { by: [1, 2, -77] })
    expect(await gathered()).toEqual([])
  })

  test('What mostly finds nothing is no query, and its users are those who found something', async () => {
    await ask('q nothing', { by: [1, 2, 3, 4], found: 0 })
    await ask('q mostly nothing', { by: [1, 2, 3] })
    await ask('q mostly nothing', { by: [4, 5, 6, 7], found: 0 })
    await ask('q two found', { by: [1, 2] })
    await ask('q two found', { by: [3], found: 0 })
    await ask('q filtered once', { by: [1, 2, 3] })
    await ask('q filtered once', { by: [4], found: 0 })
    expect(await gathered()).toEqual(['q filtered once'])
  })

  test('Spellings are one query, shown in the commonest, with the users of all', async () => {
    await ask('q.js', { by: [1, 2] })
    await ask('qjs', { by: [2], times: 2 })
    await ask('q js', { by: [3], times: 3 })
    await ask('q.ts', { by: [1, 2] })
    await ask('q ts', { by: [2, 1] })
    expect(await gathered()).toEqual(['q js'])
  })

  test('What the host keeps back, or cannot judge, is never read', async () => {
    for (const query of ['q shown', 'q secret', 'q thrown']) await ask(query, { by: [1, 2, 3] })
    await gather({
      formOf: (text) => {
        if (text === 'q thrown') throw new Error('who knows')
        return text === 'q secret' ? undefined : { form: text.replace(' ', ''), text }
      },
    })
    expect(await beginning('q')).toEqual(['q shown'])
  })

  test('A user who is erased no longer counts when the queries are gathered again', async () => {
    const users = await fixture.manyUsers(3)
    await ask('q of three', { by: users })
    expect(await gathered()).toEqual(['q of three'])
    orThrow(await fixture.users.delete(users[0]!))
    await fixture.deliver()
    expect(await gathered()).toEqual([])
    const kept = await collection('search_queries', (all) =>
      all.find({ users: { $gt: 0 } }).toArray(),
    )
    expect(kept).toEqual([])
  })

  test('The collection names no user', async () => {
    await ask('q', { by: [111_222, 111_333, 111_444] })
    await gather()
    const all = await collection('search_queries', (queries) => queries.find().toArray())
    expect(all).toHaveLength(2)
    expect(JSON.stringify(all)).not.toContain('111')
  })

  test('Of processes that find the queries due, one gathers, and none for an hour after', async () => {
    await ask('q once', { by: [1, 2, 3] })
    const answers = await Promise.all([1, 2, 3, 4].map(() => gather({ onlyIfDue: true })))
    expect(answers.filter(({ queries }) => queries !== undefined)).toEqual([
      { queries: 1, dueInMs: 3_600_000 },
    ])
    const { queries, dueInMs } = await gather({ onlyIfDue: true })
    expect(queries).toBeUndefined()
    expect(dueInMs).toBeGreaterThan(3_500_000)
    expect(await gather()).toMatchObject({ queries: 1 })
  })

  test('Of a process that died while it gathered, another takes over in three minutes', async () => {
    await ask('q left', { by: [1, 2, 3] })
    await collection('search_queries', (queries) =>
      queries.insertOne({ _id: ' due' as never, due_at: new Date(Date.now() + 170_000) }),
    )
    const waiting = await gather({ onlyIfDue: true })
    expect(waiting.queries).toBeUndefined()
    expect(waiting.dueInMs).toBeLessThanOrEqual(170_000)
    await collection('search_queries', (queries) =>
      queries.updateOne({ _id: ' due' as never }, { $set: { due_at: new Date(Date.now() - 1) } }),
    )
    expect(await gather({ onlyIfDue: true })).toMatchObject({ queries: 1 })
  })

  test('A gathering that ends after a later one leaves what that one found', async () => {
    const query = (form: string, users: number): MergedQuery => ({
      ...{ form, text: form, users, mostUsers: users },
      ...{ spellings: [form], asked: users, isClicked: false },
    })
    const gatherAt = (at: number, ...queries: readonly MergedQuery[]) => {
      const [gatheredAt, dueAt] = [new Date(at), new Date(at + 1)]
      return fixture.stores.mongodb!.run('test', async (database) => {
        await writeQueries(database, queries, { first: 0, gatheredAt })
        await completeGathering(database, { gatheredAt, dueAt })
      })
    }
    const now = Date.now()
    orThrow(await gatherAt(now, query('qkept', 5)))
    orThrow(await gatherAt(now - 1, query('qkept', 3), query('qdropped', 3)))
    const { queries } = fixture.activity
    expect(orThrow(await queries.beginningWith('q', { minUsers: 3, limit: 5 }))).toEqual([
      { query: 'qkept', users: 5 },
    ])
  })

  test('Gathered queries that nobody gathers again are no longer read after a week', async () => {
    await ask('q', { by: [1, 2, 3] })
    expect(await gathered()).toEqual(['q'])
    const indexes = await collection('search_queries', (queries) => queries.indexes())
    expect(indexes).toContainEqual(
      expect.objectContaining({ key: { gathered_at: 1 }, expireAfterSeconds: 604_800 }),
    )
    await collection('search_queries', (queries) =>
      queries.updateMany({}, { $set: { gathered_at: new Date(Date.now() - 8 * 86_400_000) } }),
    )
    expect(await beginning('q')).toEqual([])
  })

  test('Reading is one round trip', async () => {
    await ask('q', { by: [1, 2, 3] })
    await gather()
    await beginning('q')
    const before = mongodb.roundTrips()
    expect(await beginning('q')).toEqual(['q'])
    expect(mongodb.roundTrips() - before).toBe(1)
  })

  test('While MongoDB says nothing, reading fails within its deadline', async () => {
    mongodb.hang()
    const startedAt = performance.now()
    const read = await fixture.activity.queries.beginningWith('q', {
      minUsers: 3,
      limit: 5,
      deadlineMs: 100,
    })
    const tookMs = performance.now() - startedAt
    mongodb.restore()
    expect(failureOf(read)).toMatchObject({ type: 'deadline-exceeded', store: 'mongodb' })
    expect(tookMs).toBeLessThan(5_000)
  })

  const bad: readonly (readonly [string, Partial<GatherOptions>])[] = [
    ['minUsers', { minUsers: 1 }],
    ['days', { days: 0 }],
    ['formOf', { formOf: 'text' as never }],
  ]
  test.each(bad)('Gathering with a wrong %s is refused', async (field, changes) => {
    const failure = failureOf(await fixture.activity.queries.gather({ ...options, ...changes }))
    expect(failure).toMatchObject({ type: 'invalid-input', field })
  })

  test('Fewer than two users are refused as the fewest', async () => {
    const read = await fixture.activity.queries.beginningWith('q', { minUsers: 1, limit: 5 })
    expect(failureOf(read)).toMatchObject({ type: 'invalid-input', field: 'minUsers' })
  })
})
