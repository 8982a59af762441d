import { randomUUID } from 'node:crypto'
import { orThrow } from '@headwater/core'
import type { Course, CourseSort } from '@headwater/repositories'
import { hashingEmbedder, inMemoryVectorIndex, searchSorts } from '@headwater/search'
import type { Rerank, SearchFilterOptions, SearchOptions } from '@headwater/search'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deepest, encodeCursor } from '../../src/query/pages/page-cursor.ts'
import type { PagePosition } from '../../src/query/pages/page-cursor.ts'
import { dimensions, openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

let app: SearchFixture
const published: Course[] = []

/** 24 courses of pottery, of which equal prices and students are common, and one of sailing. */
beforeAll(async () => {
  app = await openSearchFixture({
    search: {
      index: inMemoryVectorIndex({ dimensions }),
      embedder: hashingEmbedder({ dimensions }),
    },
  })
  const other = await app.instructor('other')
  for (let number = 0; number < 24; number += 1)
    published.push(
      await app.publish({
        title: `Pottery ${String.fromCodePoint(97 + ((number * 7) % 24))}`,
        category: ['Crafts', 'Art', null][number % 3] ?? null,
        difficulty: ['beginner', 'advanced'][number % 2] ?? null,
        language: ['en', 'de', 'pt-BR', 'de'][number % 4],
        price: `${9 + (number % 5)}.50`,
        ...(number % 4 === 0 ? { instructorId: other } : {}),
      }),
    )
  await app.publish({ title: 'Sailing', category: 'Sports' })
  orThrow(
    await app.stores.postgres.query(
      'UPDATE @schema.courses SET current_enrollment = id % 4 WHERE title LIKE $1',
      ['Pottery%'],
    ),
  )
  orThrow(await app.search.index.reindexAll())
})
afterAll(() => app.dispose())

async function allPages(options: SearchOptions): Promise<Course[]> {
  const pages: Course[] = []
  let cursor: string | null | undefined
  do {
    const page: Awaited<ReturnType<SearchFixture['find']>> = await app.find('pottery', {
      ...options,
      ...(cursor ? { cursor } : {}),
    })
    pages.push(...page.hits.map(({ course }) => course))
    expect(page.hits.map(({ rank }) => rank)).toEqual(
      page.hits.map((_, index) => pages.length - page.hits.length + index + 1),
    )
    cursor = page.nextCursor
  } while (cursor !== null)
  return pages
}

const inOrder: Readonly<Record<CourseSort, (one: Course, two: Course) => number>> = {
  newest: (one, two) => two.id - one.id,
  'price-ascending': (one, two) => Number(one.price) - Number(two.price) || one.id - two.id,
  'price-descending': (one, two) => Number(two.price) - Number(one.price) || two.id - one.id,
  title: (one, two) => one.title.localeCompare(two.title) || one.id - two.id,
  popularity: (one, two) => (two.id % 4) - (one.id % 4) || two.id - one.id,
}

describe('the order of a search', () => {
  it.each(searchSorts.filter((sort) => sort !== 'relevance'))(
    'Sorted by %s, pages show each course of the search once, in order',
    async (sort) => {
      const found = await allPages({ sort, limit: 7 })
      const expected = [...published].sort(inOrder[sort])
      expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
      const [one] = (await app.find('pottery', { sort, limit: 1 })).hits
      expect(one).toMatchObject({ rank: 1, legs: { lexical: {}, dense: {} } })
    },
  )

  it('Sorted pages keep to the filters', async () => {
    const filters = { category: ['Art', 'Crafts'], difficulty: 'beginner', maxPrice: '11.50' }
    const found = await allPages({ ...filters, sort: 'price-descending', limit: 2 })
    const fitting = published.filter(
      ({ category, difficulty, price }) =>
        category !== null && difficulty === 'beginner' && Number(price) <= 11.5,
    )
    expect(found.map(({ id }) => id)).toEqual(
      fitting.sort(inOrder['price-descending']).map(({ id }) => id),
    )
  })

  it('A sorted page goes on after the last course, although its price has changed', async () => {
    const sort = 'price-ascending'
    const first = await app.find('pottery', { sort, limit: 3 })
    const last = first.hits[2]!.course
    orThrow(await app.courses.update(last.id, { price: '99.00' }))
    const next = await app.find('pottery', { sort, limit: 3, cursor: first.nextCursor! })
    orThrow(await app.courses.update(last.id, { price: last.price }))
    const ordered = [...published].sort(inOrder[sort]).map(({ id }) => id)
    expect(next.hits.map(({ course }) => course.id)).toEqual(ordered.slice(3, 6))
  })

  it('A cursor is refused in another order', async () => {
    const { nextCursor } = await app.find('pottery', { sort: 'title', limit: 3 })
    for (const sort of ['relevance', 'newest'] as const) {
      const asked = await app.search.search('pottery', { sort, cursor: nextCursor! })
      expect(asked._unsafeUnwrapErr()).toMatchObject({ type: 'invalid-input', field: 'cursor' })
    }
  })

  const forgeries: readonly (readonly [CourseSort, Partial<PagePosition>])[] = [
    ['price-ascending', { key: 'cheap' }],
    ['price-ascending', {}],
    ['popularity', { key: '99999999999' }],
    ['title', { key: 'a\0' }],
    ['title', { key: '\ud800' }],
    ['newest', { key: '1', lastId: 2 ** 40 }],
  ]
  it.each(forgeries)('A forged cursor of the order %s, %j, is refused', async (sort, forged) => {
    const position = { searchId: randomUUID(), depth: deepest, offset: 0, lastId: 1, shown: 1 }
    const cursor = encodeCursor(['pottery', {}, sort], { ...position, ...forged })
    const asked = await app.search.search('pottery', { sort, cursor })
    expect(asked._unsafeUnwrapErr()).toMatchObject({ type: 'invalid-input', field: 'cursor' })
  })

  it('No reranker is asked when the order is another than by relevance', async () => {
    let asked = 0
    const rank: Rerank = () => {
      asked += 1
      return Promise.resolve([])
    }
    const search = app.openAnother({ rerank: { rank } })
    orThrow(await search.search('the pottery', { sort: 'newest' }))
    orThrow(await search.count('the pottery'))
    expect(asked).toBe(0)
    orThrow(await search.search('the pottery'))
    expect(asked).toBe(1)
  })
})

/** The number of published courses of each value, the most frequent first. */
function counted(
  valueOf: (course: Course) => string | number | null,
  isCounted: (course: Course) => boolean = () => true,
) {
  const counts = new Map<string | number, number>()
  for (const course of published.filter(isCounted)) {
    const value = valueOf(course)
    if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  return [...counts]
    .map(([value, courses]) => ({ value, courses }))
    .sort((one, two) => two.courses - one.courses || (one.value < two.value ? -1 : 1))
}

describe('a count', () => {
  it('A count has the total and the courses of each value', async () => {
    expect(orThrow(await app.search.count('pottery'))).toMatchObject({
      total: 24,
      isExact: true,
      mode: 'hybrid',
      degraded: [],
      category: counted(({ category }) => category),
      difficulty: counted(({ difficulty }) => difficulty),
      instructorId: counted(({ instructorId }) => instructorId),
      language: counted(({ language }) => language),
    })
  })

  it('Each value is counted as if it were chosen, under the filters on other fields', async () => {
    const filters: SearchFilterOptions = { category: 'Art', difficulty: 'beginner' }
    const counts = orThrow(await app.search.count('pottery', filters))
    expect(counts.category).toEqual(
      counted(
        ({ category }) => category,
        ({ difficulty }) => difficulty === 'beginner',
      ),
    )
    expect(counts.difficulty).toEqual(
      counted(
        ({ difficulty }) => difficulty,
        ({ category }) => category === 'Art',
      ),
    )
    const chosen = published.filter(
      ({ category, difficulty }) => category === 'Art' && difficulty === 'beginner',
    )
    const german = orThrow(await app.search.count('pottery', { ...filters, language: 'de' }))
    expect(german.language).toEqual(counts.language)
    expect(german.total).toBe(chosen.filter(({ language }) => language === 'de').length)
    expect(counts.total).toBe(chosen.length)
    expect(await allPages(filters)).toHaveLength(counts.total)
  })

  /** Courses by the bands that begin at these prices. */
  const inBands = (edges: readonly number[], of: readonly Course[]) =>
    [0, ...edges].map((edge, band) => ({
      minPrice: edge.toFixed(2),
      maxPrice: edges[band] === undefined ? null : (edges[band] - 0.01).toFixed(2),
      courses: of.filter(
        ({ price }) => Number(price) >= edge && Number(price) < (edges[band] ?? Infinity),
      ).length,
    }))

  it('A count has each band of prices, with the free courses as the first', async () => {
    const free = await app.publish({ title: 'Pottery for free', price: '0' })
    const dear = await app.publish({ title: 'Pottery for gold', price: '200.00' })
    orThrow(await app.search.index.reindexAll())
    const { price } = orThrow(await app.search.count('pottery'))
    expect(price).toEqual(inBands([0.01, 20, 50, 100, 200], [...published, free, dear]))
    expect(price.map(({ courses }) => courses)).toEqual([1, 24, 0, 0, 0, 1])
    for (const { id } of [free, dear]) orThrow(await app.courses.delete(id))
  })

  it('Bands of the host begin at its prices, to the cent, and filter what they count', async () => {
    const priceBands = ['10.50', 11.51, '12.5']
    const { price } = orThrow(await app.search.count('pottery', { priceBands, minPrice: 500 }))
    expect(price).toEqual(inBands([10.5, 11.51, 12.5], published))
    for (const { minPrice, maxPrice, courses } of price) {
      const chosen = { minPrice, maxPrice: maxPrice ?? undefined, priceBands }
      const { total, price: again } = orThrow(await app.search.count('pottery', chosen))
      expect([total, again]).toEqual([courses, price])
    }
    const art = orThrow(await app.search.count('pottery', { priceBands, category: 'Art' }))
    const ofArt = published.filter(({ category }) => category === 'Art')
    expect(art.price).toEqual(inBands([10.5, 11.51, 12.5], ofArt))
  })

  it('A count has the courses with seats and the full ones, whichever are chosen', async () => {
    const full = published.slice(0, 3).map(({ id }) => id)
    const setSeats = async (seats: number | null) =>
      orThrow(
        await app.stores.postgres.query(
          'UPDATE @schema.courses SET max_students = $2, current_enrollment = $3 WHERE id = ANY ($1)',
          [full, seats, seats ?? 3],
        ),
      )
    await setSeats(3)
    const hasSeats = [
      { value: true, courses: 21 },
      { value: false, courses: 3 },
    ]
    const filters: readonly SearchFilterOptions[] = [{}, { hasSeats: true }, { hasSeats: false }]
    for (const chosen of filters)
      expect(orThrow(await app.search.count('pottery', chosen))).toMatchObject({ hasSeats })
    await setSeats(null)
    expect(orThrow(await app.search.count('pottery')).hasSeats).toEqual([
      { value: true, courses: 24 },
    ])
  })

  it.each([
    ['none', []],
    ['the same price twice', [10, '10.00']],
    ['descending prices', [20, 10]],
    ['one at 0', [0, 10]],
    ['half a cent', ['0.005']],
    ['more than twenty', Array.from({ length: 21 }, (_, price) => price + 1)],
  ])('Bands with %s are refused', async (_, priceBands) => {
    const failed = await app.search.count('pottery', { priceBands })
    expect(failed._unsafeUnwrapErr()).toMatchObject({
      type: 'invalid-input',
      field: expect.stringMatching(/^priceBands/) as string,
    })
  })

  it('A count is true at once although the ranking is cached', async () => {
    const before = orThrow(await app.search.count('pottery'))
    const { id } = published[0]!
    orThrow(await app.courses.unpublish(id))
    const after = orThrow(await app.search.count('pottery'))
    orThrow(await app.courses.publish(id))
    expect([after.total, after.isCached]).toEqual([before.total - 1, true])
  })

  it('A count of nothing is 0', async () => {
    expect(orThrow(await app.search.count('pottery', { minPrice: '500' }))).toMatchObject({
      total: 0,
      category: [],
      difficulty: [],
      instructorId: [],
      language: [],
    })
  })
})
