import { randomUUID } from 'node:crypto'
import { orThrow } from '@headwater/core'
import type { GatherOptions } from '@headwater/repositories'
import { faultProxy } from '@headwater/testing'
import type { FaultProxy } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { writeQueries } from '../../src/activity/asked/asked-collection.ts'
import { AskedQueries } from '../../src/activity/asked/asked-queries.ts'
import type { RankedQuery } from '../../src/activity/asked/rank-queries.ts'
import { completeTurn } from '../../src/activity/asked/turn.ts'
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

  test('Spellings of enough users in all are one query, shown in its form where none has enough', async () => {
    await ask('q.js', { by: [1, 2] })
    await ask('qjs', { by: [2], times: 2 })
    await ask('q js', { by: [3], times: 3 })
    await ask('q.ts', { by: [1, 2] })
    await ask('q ts', { by: [2, 1] })
    await gather()
    const read = await fixture.activity.queries.beginningWith('q', { minUsers: 3, limit: 10 })
    expect(orThrow(read)).toEqual([{ query: 'qjs', users: 3, isJoined: true }])
  })

  test('A query is shown as most users wrote it, however often one has searched for another', async () => {
    await ask('q js', { by: [1, 2, 3] })
    await ask('q.js', { by: [4, 5] })
    await ask('qjs', { by: [6], times: 50 })
    expect(await gathered()).toEqual(['q js'])
  })

  test('Words that enough users wrote are shown where they differ in what is between them', async () => {
    await ask('q.js', { by: [1, 2] })
    await ask('q js', { by: [2, 3] })
    await ask('qjs', { by: [4, 5] })
    const formOf = (text: string) => ({
      ...options.formOf(text),
      ...{ text, words: text.replace('.', ' ') },
    })
    await gather({ formOf: formOf as GatherOptions['formOf'] })
    expect(await beginning('q')).toEqual(['q js'])
  })

  test('A reader with more users reads what as many asked, in a text that as many wrote', async () => {
    await ask('q js', { by: [1, 2, 3] })
    await ask('qjs', { by: [4, 5, 6] })
    await gather()
    const read = async (minUsers: number) =>
      orThrow(await fixture.activity.queries.beginningWith('q', { minUsers, limit: 10 }))
    expect(await read(3)).toEqual([{ query: 'q js', users: 6 }])
    expect(await read(6)).toEqual([{ query: 'qjs', users: 6, isJoined: true }])
    expect(await read(7)).toEqual([])
  })

  test('One user who finds nothing, in however many spellings, takes no query away', async () => {
    await ask('q js', { by: [1, 2, 3] })
    for (const spelling of ['q js', 'q.js', 'qjs', 'q j s', 'q.j.s']) {
      await ask(spelling, { by: [1] })
      await ask(spelling, { by: [4], times: 10, found: 0 })
    }
    expect(await gathered()).toEqual(['q js'])
  })

  test('One user who asks in many spellings counts as ten searches', async () => {
    for (const spelling of ['q l', 'q.l', 'ql', 'q. l', 'q .l'])
      await ask(spelling, { by: [1, 2, 3], times: 10 })
    await ask('q popular', { by: Array.from({ length: 31 }, (_, user) => user + 1) })
    expect((await gathered())[0]).toBe('q popular')
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

  const query = (form: string, users: number): RankedQuery => ({
    ...{ form, users, shown: [{ text: form, users }] },
    ...{ asked: users, isClicked: false },
  })
  const gatherAt = async (at: number, ...queries: readonly RankedQuery[]) => {
    const gatheredAt = new Date(at)
    orThrow(
      await fixture.stores.mongodb!.run('test', async (database) => {
        await writeQueries(database, queries, { first: 0, gatheredAt })
        await completeTurn(database, { gatheredAt, nowMs: at })
      }),
    )
  }

  test('A gathering that ends after a later one leaves what that one found', async () => {
    const now = Date.now()
    await gatherAt(now, query('qkept', 5))
    await gatherAt(now - 1, query('qkept', 3), query('qdropped', 3))
    const { queries } = fixture.activity
    expect(orThrow(await queries.beginningWith('q', { minUsers: 3, limit: 5 }))).toEqual([
      { query: 'qkept', users: 5 },
    ])
  })

  test.each([
    ['half an hour', 1_800_000],
    ['two hours', 7_200_000],
    ['a year', 365 * 86_400_000],
  ])('What was gathered %s ahead does not outlive a refresh', async (_, aheadMs) => {
    await ask('q new', { by: [1, 2, 3] })
    await gatherAt(Date.now() + aheadMs, query('qerased', 5), query('qnew', 9))
    expect(await gather()).toMatchObject({ queries: 1 })
    const read = await fixture.activity.queries.beginningWith('q', { minUsers: 3, limit: 5 })
    expect(orThrow(read)).toEqual([{ query: 'q new', users: 3 }])
  })

  test('What was gathered further ahead than a day is not read', async () => {
    await gatherAt(Date.now() + 2 * 86_400_000, query('qahead', 5))
    expect(await beginning('q')).toEqual([])
  })

  test('A turn that is due later than any process sets it is due', async () => {
    await ask('q due', { by: [1, 2, 3] })
    await gatherAt(Date.now() + 365 * 86_400_000, query('qahead', 5))
    expect(await gather({ onlyIfDue: true })).toMatchObject({ queries: 1 })
    expect((await gather({ onlyIfDue: true })).queries).toBeUndefined()
  })

  type Use = Parameters<Store['run']>[1]
  type Database = Parameters<Use>[0]

  /** The log of a server that has no time for so many aggregations. */
  const hurried = (times: number, clock = fixture.stores.clock): AskedQueries => {
    let left = times
    const expired = { code: 50 }
    const logs = (database: Database) => ({
      aggregate: (...asked: Parameters<Collection['aggregate']>) =>
        (left -= 1) < 0
          ? database.collection('search_logs').aggregate(...asked)
          : { toArray: () => Promise.reject(Object.assign(new Error('no time'), expired)) },
    })
    const log: Pick<Store, 'run'>['run'] = (operation, use, limits) =>
      fixture.stores.mongodb!.run(
        operation,
        (database, signal) => {
          const collection = (name: string) =>
            name === 'search_logs' ? logs(database) : database.collection(name)
          const command = database.command.bind(database)
          return use({ collection, command } as never, signal)
        },
        limits,
      )
    return new AskedQueries({ ...fixture.stores, clock }, { read: log } as never)
  }

  test('Where a server has no time for all searches, a tenth of them counts', async () => {
    await ask('q tenth', { by: [1, 2, 3] })
    expect(orThrow(await hurried(1).gather(options))).toMatchObject({ queries: 1 })
  })

  test('Where it has no time for a tenth either, the queries are due again after an hour', async () => {
    await ask('q', { by: [1, 2, 3] })
    const due = { ...options, onlyIfDue: true }
    expect(failureOf(await hurried(2).gather(due))).toMatchObject({ type: 'deadline-exceeded' })
    const { queries, dueInMs } = await gather({ onlyIfDue: true })
    expect(queries).toBeUndefined()
    expect(dueInMs).toBeGreaterThan(3_500_000)
    expect(await gather()).toMatchObject({ queries: 1 })
  })

  test('A gathering ends before another process takes its turn over, and writes nothing', async () => {
    await ask('q kept', { by: [1, 2, 3] })
    await gather()
    let later = 0
    const { clock } = fixture.stores
    const slow = { now: () => clock.now(), monotonic: () => clock.monotonic() + later }
    const formOf = (text: string) => {
      later += 200_000
      return options.formOf(text)
    }
    await ask('q other', { by: [1, 2, 3] })
    const ended = await hurried(0, slow).gather({ ...options, formOf })
    expect(failureOf(ended)).toMatchObject({ type: 'deadline-exceeded' })
    expect(await beginning('q')).toEqual(['q kept'])
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
