import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Rerank, RerankRequest } from '@headwater/search'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

describe('a search with a reranker', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture()
    for (const [title, price] of [
      ['Knots', '1.00'],
      ['Knots and splices', '2.00'],
      ['Knots for climbers', '3.00'],
      ['Macramé knots', '4.00'],
    ])
      await app.publish({ title: title ?? '', price: price ?? '0' })
    await app.sync()
  })
  afterAll(() => app.dispose())

  const byPrice: Rerank = async ({ courses }) =>
    courses.map(({ id, price }) => ({ id, score: Number(price) }))
  const titlesWith = async (
    rank: Rerank,
    query = 'knots',
    options: { readonly top?: number; readonly deadlineMs?: number } = {},
  ) => {
    const search = app.openAnother({ rerank: { rank, ...options } })
    const result = (await search.search(query))._unsafeUnwrap()
    return { ...result, titles: result.hits.map(({ course }) => course.title) }
  }

  it('A search shows the reranker’s order and ranks, and asks it once while the result is cached', async () => {
    const asked: RerankRequest[] = []
    const rank: Rerank = (request, options) => {
      asked.push(request)
      return byPrice(request, options)
    }
    const first = await titlesWith(rank)
    expect(first.titles).toEqual([
      'Macramé knots',
      'Knots for climbers',
      'Knots and splices',
      'Knots',
    ])
    expect(first.hits[0]?.legs.rerank).toEqual({ rank: 1, score: 4 })
    expect(first.hits[0]?.legs.lexical).toBeDefined()
    const second = await titlesWith(rank)
    expect(second).toMatchObject({ isCached: true, titles: first.titles, hits: first.hits })
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({ query: 'knots', courses: [{ title: 'Knots' }, {}, {}, {}] })
  })

  it('A reranker sees only the best courses, and the others follow them', async () => {
    const { titles } = await titlesWith(byPrice, 'the knots', { top: 2 })
    const plain = (await app.find('the knots')).hits.map(({ course }) => course.title)
    expect(new Set(titles.slice(0, 2))).toEqual(new Set(plain.slice(0, 2)))
    expect(titles.slice(2)).toEqual(plain.slice(2))
  })

  it.each([
    [
      'fails',
      'rerank-failed',
      async () => {
        throw new Error('no GPU')
      },
    ],
    [
      'throws at once',
      'rerank-failed',
      () => {
        throw new Error('no GPU')
      },
    ],
    ['hangs', 'deadline-exceeded', () => new Promise<never>(() => undefined)],
    ['makes courses up', 'rerank-failed', async () => [{ id: 4_711, score: 1 }]],
  ] as const)(
    'A search keeps the order of the fusion when the reranker %s, reports it and does not cache it',
    async (what, reason, rank) => {
      const query = `knots ${what}`
      const plain = (await app.find(query)).hits.map(({ course }) => course.title)
      const startedMs = performance.now()
      const result = await titlesWith(rank, query, { deadlineMs: 1_000, top: 49 })
      expect(performance.now() - startedMs).toBeLessThan(30_000)
      expect(result).toMatchObject({
        titles: plain,
        mode: 'hybrid',
        degraded: [{ leg: 'rerank', reason }],
        isCached: false,
      })
      expect((await titlesWith(rank, query, { deadlineMs: 1_000, top: 49 })).isCached).toBe(false)
    },
  )
})
