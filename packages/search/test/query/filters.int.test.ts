import { okAsync, orThrow } from '@headwater/core'
import { hashingEmbedder, inMemoryVectorIndex } from '@headwater/search'
import type { SearchOptions, VectorIndex } from '@headwater/search'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { searchByWords } from '../../src/query/lexical-leg.ts'
import { parseSearch } from '../../src/query/search-request.ts'
import { WordSources } from '../../src/spelling/word-sources.ts'
import { Spelling } from '../../src/spelling/spelling.ts'
import { dimensions, openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

describe('a filter', () => {
  const index = inMemoryVectorIndex({ dimensions })
  const matched: string[] = []
  let app: SearchFixture
  let fitting: number
  const filters: readonly (readonly [string, () => SearchOptions])[] = [
    ['category', () => ({ category: 'Art' })],
    ['one of several categories', () => ({ category: ['Music', 'Art'] })],
    ['difficulty', () => ({ difficulty: 'advanced' })],
    ['language', () => ({ language: 'pt-br' })],
    ['one of several languages', () => ({ language: ['de', 'pt-BR'] })],
    ['instructor', () => ({ instructorId: instructor })],
    ['one of several instructors', () => ({ instructorId: [instructor, 1_000_000] })],
    ['lowest price', () => ({ minPrice: '60.01' })],
    ['highest price', () => ({ maxPrice: 39.99 })],
    ['free seats', () => ({ hasSeats: true })],
  ]
  let instructor: number

  beforeAll(async () => {
    const spy: VectorIndex = {
      dimensions,
      upsert: (...given) => index.upsert(...given),
      fetch: (...given) => index.fetch(...given),
      delete: (...given) => index.delete(...given),
      updateMetadata: (...given) => index.updateMetadata(...given),
      list: (...given) => index.list(...given),
      stats: (...given) => index.stats(...given),
      query: (...given) =>
        index.query(...given).andThen((matches) => {
          matched.push(...matches.map(({ id }) => id))
          return okAsync(matches)
        }),
    }
    app = await openSearchFixture({
      search: { index: spy, embedder: hashingEmbedder({ dimensions }) },
    })
    const common = {
      title: 'Pottery',
      category: 'Crafts',
      difficulty: 'beginner',
      language: 'pt',
      price: '50.00',
      maxStudents: 0,
    }
    for (let number = 0; number < 3; number += 1) await app.publish(common)
    instructor = await app.instructor('other')
    fitting = (
      await app.publish({
        ...common,
        category: 'Art',
        difficulty: 'advanced',
        language: 'pt-BR',
        price: '60.01',
        maxStudents: 1,
        instructorId: instructor,
      })
    ).id
    orThrow(await app.search.index.reindexAll())
  })
  afterAll(() => app.dispose())

  it.each(filters)(
    'A filter by %s is applied in both legs, not to their results',
    async (_, filter) => {
      const options = filter()
      if ('maxPrice' in options) orThrow(await app.courses.update(fitting, { price: '39.99' }))
      orThrow(await app.search.index.indexCourse(fitting))
      matched.length = 0
      const found = await app.find('pottery', options)
      expect(found).toMatchObject({
        mode: 'hybrid',
        hits: [{ course: { id: fitting }, legs: { dense: { rank: 1 }, lexical: { rank: 1 } } }],
      })
      expect(matched).toEqual([`course_${fitting}`])
      const { query, filters: parsed } = orThrow(parseSearch('pottery', options))
      const words = orThrow(
        await searchByWords(
          {
            stores: app.stores,
            spelling: new Spelling(app.stores),
            sources: new WordSources(app.stores.clock),
          },
          { query, filters: parsed, depth: 50, deadlineMs: 10_000 },
        ),
      )
      expect(words.found.map(({ id }) => id)).toEqual([fitting])
    },
  )

  it('A filter by full courses is applied in both legs, not to their results', async () => {
    matched.length = 0
    const { hits } = await app.find('pottery', { hasSeats: false })
    expect(hits.map(({ course }) => course.maxStudents)).toEqual([0, 0, 0])
    expect(hits.every(({ legs }) => legs.dense !== undefined && legs.lexical !== undefined)).toBe(
      true,
    )
    expect(matched).toHaveLength(3)
  })

  it('A search without a filter finds every matching course in both legs', async () => {
    matched.length = 0
    expect((await app.find('pottery')).hits).toHaveLength(4)
    expect(matched).toHaveLength(4)
  })
})
