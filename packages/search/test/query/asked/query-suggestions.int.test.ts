import { errAsync, okAsync, orThrow } from '@headwater/core'
import { createCourseSearch, hashingEmbedder, inMemoryVectorIndex } from '@headwater/search'
import type { CourseSearch, QueryLog, QuerySuggestionOptions } from '@headwater/search'
import { eventually, faultProxy, isolate } from '@headwater/testing'
import type { FaultProxy, IsolatedStores } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { dimensions, openSearchFixture } from '../../search-fixture.ts'
import type { SearchFixture } from '../../search-fixture.ts'

let app: SearchFixture
let parts: IsolatedStores<'mongodb'>
let mongodb: FaultProxy
let search: CourseSearch
const legDeadlineMs = 10_000

beforeAll(async () => {
  parts = await isolate({ mongodb: inject('stack').mongodb })
  mongodb = await faultProxy(parts.mongodb.url)
  app = await openSearchFixture({
    connect: (options) => ({
      ...options,
      redis: { ...options.redis, deadlineMs: 10_000 },
      mongodb: { url: mongodb.url, database: parts.mongodb.database, deadlineMs: 30_000 },
    }),
    search: {
      index: inMemoryVectorIndex({ dimensions }),
      embedder: hashingEmbedder({ dimensions }),
    },
  })
  await app.publish({ title: 'Node.js streams' })
  await app.publish({ title: 'Sailing' })
  orThrow(await app.search.index.reindexAll())
  search = open()
})
afterEach(async () => {
  mongodb.restore()
  const empty = () =>
    app.stores.mongodb!.run('test', async (database) => {
      await database.collection('search_logs').deleteMany({})
      await database.collection('search_queries').deleteMany({})
    })
  await eventually(async () => (await empty()).isOk(), { timeoutMs: 60_000 })
})
afterAll(async () => {
  await app.dispose()
  await mongodb.close()
  await parts.dispose()
})

const open = (querySuggestions: QuerySuggestionOptions = {}): CourseSearch =>
  app.openAnother({ activity: app.repositories.activity, querySuggestions })

/** As many users search. */
async function ask(query: string, users = 5): Promise<void> {
  for (let userId = 1; userId <= users; userId += 1) orThrow(await search.search(query, { userId }))
  await app.repositories.activity.flush()
}

async function suggested(prefix: string, asked = search): Promise<string[]> {
  return orThrow(await asked.suggestQueries(prefix)).map(({ query }) => query)
}

describe('suggestQueries', () => {
  it('Completes what was typed with what five users asked and found', async () => {
    await ask('node streams')
    await ask('node.js', 4)
    await ask('zzzz qqqq vvvv')
    expect(orThrow(await search.refreshQuerySuggestions())).toEqual({ queries: 1 })
    for (const prefix of ['n', 'Node', 'NODE  Str', 'nodestreams', 'nódé-s'])
      expect(await suggested(prefix)).toEqual(['node streams'])
    expect(await suggested('streams')).toEqual([])
    expect(await suggested('zzzz')).toEqual([])
  })

  it('Spellings are one suggestion, in what most users wrote, for the users of all', async () => {
    for (const query of ['Node.js', 'node.js', 'node.js!']) await ask(query, 2)
    orThrow(await search.search('nodejs', { userId: 1 }))
    for (const userId of [3, 4, 5]) orThrow(await search.search('node js', { userId }))
    await app.repositories.activity.flush()
    orThrow(await search.refreshQuerySuggestions())
    expect(await suggested('node')).toEqual(['node js'])
  })

  it('One user chooses no word of a suggestion, however often it searches', async () => {
    await ask('sailing')
    for (let time = 0; time < 8; time += 1) orThrow(await search.search('sail ing', { userId: 6 }))
    await app.repositories.activity.flush()
    orThrow(await search.refreshQuerySuggestions())
    expect(await suggested('sail')).toEqual(['sailing'])
  })

  it('A suggestion in one word, since too few wrote the same ones, is blocked by what it has', async () => {
    for (const userId of [1, 2, 3]) orThrow(await search.search('sailing node', { userId }))
    for (const userId of [4, 5, 6]) orThrow(await search.search('sail ingnode', { userId }))
    await app.repositories.activity.flush()
    orThrow(await search.refreshQuerySuggestions())
    expect(await suggested('sail')).toEqual(['sailingnode'])
    expect(await suggested('sail', open({ blocked: ['ingnode'] }))).toEqual([])
  })

  it('What was clicked comes before what was asked more', async () => {
    await ask('sailing', 7)
    await ask('sail', 5)
    const { searchId, hits } = orThrow(await search.search('sail', { userId: 5 }))
    orThrow(search.recordClick(searchId, hits[0]!.course.id, 1))
    await app.repositories.activity.flush()
    orThrow(await search.refreshQuerySuggestions())
    expect(await suggested('sa')).toEqual(['sail', 'sailing'])
  })

  it('What may be about a person is not even stored', async () => {
    await ask('sailing jane@example.com')
    await ask('sailing 030 1234567')
    await ask('sailing')
    orThrow(await search.refreshQuerySuggestions())
    const stored = app.stores.mongodb?.run('test', (database) =>
      database.collection('search_queries').find().toArray(),
    )
    expect(JSON.stringify(orThrow(await stored!))).not.toMatch(/jane|1234567/)
    expect(await suggested('sailing')).toEqual(['sailing'])
  })

  it('Blocked words and a higher least number of users hold at once', async () => {
    await ask('sailing', 5)
    await ask('sailing node', 6)
    orThrow(await search.refreshQuerySuggestions())
    expect(await suggested('sail', open({ blocked: ['Nodé'] }))).toEqual(['sailing'])
    expect(await suggested('sail', open({ minUsers: 6 }))).toEqual(['sailing node'])
    orThrow(await open({ minUsers: 2, blocked: ['sailing'] }).refreshQuerySuggestions())
    expect(await suggested('sail', open({ minUsers: 2 }))).toEqual([])
  })

  it('By itself, one process that is asked refreshes once an hour', async () => {
    await ask('sailing')
    const processes = [open(), open(), open()]
    await eventually(async () => {
      for (const process of processes) expect(await suggested('sail', process)).toEqual(['sailing'])
    })
    await ask('sail')
    let gathered = 0
    const stop = app.stores.diagnostics.on('store:operation', ({ store, operation }) => {
      if (store === 'mongodb' && operation === 'gather-queries') gathered += 1
    })
    const another = open()
    for (let time = 0; time < 3; time += 1)
      expect(await suggested('sail', another)).toEqual(['sailing'])
    await eventually(() => gathered > 0)
    expect(await suggested('sail', another)).toEqual(['sailing'])
    stop()
    expect(gathered).toBe(1)
  })

  it('A suggestion is one round trip of MongoDB and none of another store', async () => {
    await ask('sailing')
    orThrow(await search.refreshQuerySuggestions())
    // The first call looks whether a refresh is due.
    await eventually(async () => {
      const asked: string[] = []
      const stop = app.stores.diagnostics.on('store:operation', ({ store }) => asked.push(store))
      const before = mongodb.roundTrips()
      expect(await suggested('sail')).toEqual(['sailing'])
      stop()
      expect(asked.filter((store) => store !== 'postgres')).toEqual(['mongodb'])
      expect(mongodb.roundTrips() - before).toBe(1)
    })
  })

  const outages = [
    ['is down', () => mongodb.cut(), 'store-unavailable'],
    ['says nothing', () => mongodb.hang(), 'deadline-exceeded'],
  ] as const
  it.each(outages)('Fails within its deadline while MongoDB %s', async (_, fail, type) => {
    const hurried = app.openAnother({
      activity: app.repositories.activity,
      legDeadlineMs: type === 'deadline-exceeded' ? 200 : legDeadlineMs,
    })
    fail()
    const startedAt = performance.now()
    const failure = (await hurried.suggestQueries('sail'))._unsafeUnwrapErr()
    expect(failure).toMatchObject({ type, store: 'mongodb', retryable: true })
    expect(performance.now() - startedAt).toBeLessThan(legDeadlineMs + 5_000)
  })

  it('A caller who aborts waits no longer', async () => {
    const failed = await search.suggestQueries('sail', { signal: AbortSignal.abort() })
    expect(failed._unsafeUnwrapErr()).toMatchObject({ type: 'deadline-exceeded' })
  })

  it.each([
    ['', {}, 'prefix'],
    ['!?', {}, 'prefix'],
    ['sail', { limit: 0 }, 'limit'],
    ['sail', { limit: 21 }, 'limit'],
  ])('%j with %j is refused, and no store is asked', async (prefix, options, field) => {
    const before = mongodb.roundTrips()
    const failed = await open().suggestQueries(prefix, options)
    expect(failed._unsafeUnwrapErr()).toMatchObject({ type: 'invalid-input', field })
    expect(mongodb.roundTrips()).toBe(before)
  })

  it('Without a log that has queries there is nothing to suggest', async () => {
    const unlogged = app.openAnother({ activity: { logSearch: () => undefined } })
    expect(await suggested('sail', unlogged)).toEqual([])
    expect(orThrow(await unlogged.refreshQuerySuggestions())).toEqual({ queries: 0 })
  })

  it('Without MongoDB the failure says so', async () => {
    const bare = await openSearchFixture()
    const unlogged = createCourseSearch(bare.stores, {
      courses: bare.courses,
      activity: bare.repositories.activity,
      index: inMemoryVectorIndex({ dimensions }),
      embedder: hashingEmbedder({ dimensions }),
    })
    const failed = await unlogged.suggestQueries('sail')
    await bare.dispose()
    expect(failed._unsafeUnwrapErr()).toMatchObject({
      type: 'store-unavailable',
      store: 'mongodb',
      retryable: false,
    })
  })

  it('A log of the host that throws, or answers nothing, is a typed failure', async () => {
    const throws = (): never => {
      throw new Error('who')
    }
    const queries: QueryLog = { beginningWith: throws, gather: throws }
    const never: QueryLog = {
      beginningWith: () => new Promise(() => undefined) as never,
      gather: () =>
        errAsync({
          type: 'invalid-input',
          message: 'no',
          retryable: false,
          issues: [],
          field: 'x',
        }),
    }
    const activity = { logSearch: () => undefined }
    const failing = app.openAnother({ activity: { ...activity, queries } })
    expect((await failing.suggestQueries('sail'))._unsafeUnwrapErr()).toMatchObject({
      type: 'store-unavailable',
    })
    const silent = app.openAnother({ activity: { ...activity, queries: never }, legDeadlineMs: 50 })
    expect((await silent.suggestQueries('sail'))._unsafeUnwrapErr()).toMatchObject({
      type: 'deadline-exceeded',
    })
    const other = app.openAnother({
      activity: {
        ...activity,
        queries: {
          beginningWith: () => okAsync([{ query: 'sailing', users: 9 }]),
          gather: () => okAsync({ queries: undefined, dueInMs: Number.NaN }),
        },
      },
    })
    expect(await suggested('sail', other)).toEqual(['sailing'])
  })

  it.each([
    [{ minUsers: 1 }, /minUsers/],
    [{ days: 0 }, /days/],
    [{ blocked: ['!'] }, /blocked/],
    [{ minusers: 5 } as QuerySuggestionOptions, /minUsers/],
  ])('%j breaks a rule', (options, complaint) => {
    expect(() => open(options)).toThrow(complaint)
  })
})
