import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

describe('what is logged', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture()
    await app.publish({ title: 'Sailing' })
    await app.publish({ title: 'Sailing at night' })
    await app.sync()
  })
  afterAll(() => app.dispose())

  it('The log of a search has its duration and the rank of each hit in each leg', async () => {
    const { searchId, durationMs, hits } = await app.find('Sailing', { userId: 7 })
    expect(app.logged.at(-1)).toEqual({
      searchId,
      userId: 7,
      query: 'sailing',
      resultsCount: 2,
      searchType: 'hybrid',
      durationMs,
      isCached: false,
      hits: hits.map(({ course, rank, legs }) => ({
        courseId: course.id,
        position: rank,
        dense: legs.dense?.rank,
        lexical: legs.lexical?.rank,
      })),
    })
  })

  it('The log says whether the ranking of a search came from the cache', async () => {
    await app.find('sailing by night')
    await app.find('sailing by night')
    expect(app.logged.slice(-2).map(({ isCached }) => isCached)).toEqual([false, true])
  })

  it('A further page of a search is a part of it, and no search', async () => {
    const searches = app.logged.length
    const first = await app.find('sailing', { limit: 1 })
    const second = await app.find('sailing', { limit: 1, cursor: first.nextCursor ?? '' })
    expect(second.searchId).toBe(first.searchId)
    expect(app.logged).toHaveLength(searches + 1)
    expect(app.pages).toEqual([
      {
        searchId: first.searchId,
        resultsCount: 2,
        hits: [expect.objectContaining({ courseId: second.hits[0]?.course.id, position: 2 })],
      },
    ])
  })

  it('The log of a click has the search, the course and its rank', async () => {
    const { searchId, hits } = await app.find('Sailing')
    const [first] = hits
    expect(app.search.recordClick(searchId, first?.course.id ?? 0, first?.rank ?? 0).isOk()).toBe(
      true,
    )
    expect(app.clicked).toEqual([{ searchId, courseId: first?.course.id, position: 1 }])
  })

  it('A failing log fails neither a search nor a click', async () => {
    const dropped: string[] = []
    const stop = app.stores.diagnostics.on('activity:dropped', ({ reason }) => dropped.push(reason))
    const fail = (): never => {
      throw new Error('log is full')
    }
    const search = app.openAnother({ activity: { logSearch: fail, recordClick: fail } })
    const { searchId, hits } = (await search.search('sailing'))._unsafeUnwrap()
    expect(hits).toHaveLength(2)
    expect(search.recordClick(searchId, 1, 1).isOk()).toBe(true)
    stop()
    expect(dropped).toEqual(['log is full', 'log is full'])
    expect(
      app
        .openAnother({ activity: { logSearch: () => undefined } })
        .recordClick(searchId, 1, 1)
        .isOk(),
    ).toBe(true)
  })

  const badClicks = [
    ['no-uuid', 1, 1, 'searchId'],
    ['', 1, 1, 'searchId'],
    [undefined, 0, 1, 'courseId'],
    [undefined, 1, 0, 'position'],
    [undefined, 1, Number.NaN, 'position'],
  ] as const
  it.each(badClicks)(
    'A click on search %j, course %d, rank %d is refused',
    (searchId, courseId, position, field) => {
      const result = app.search.recordClick(searchId ?? crypto.randomUUID(), courseId, position)
      expect(result.isErr() && result.error).toMatchObject({ type: 'invalid-input', field })
    },
  )
})
