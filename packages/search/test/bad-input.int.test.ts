import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SearchOptions } from '@headwater/search'
import { openSearchFixture } from './search-fixture.ts'
import type { SearchFixture } from './search-fixture.ts'

const refused: readonly (readonly [
  what: string,
  query: unknown,
  options: unknown,
  field: string,
])[] = [
  ['an empty query', '', {}, 'query'],
  ['a blank query', ' \t\n ', {}, 'query'],
  ['a query of 10,000 characters', 'x'.repeat(10_000), {}, 'query'],
  ['a query with NUL', 'alge\0bra', {}, 'query'],
  ['a query with a lone surrogate', 'algebra \ud83c', {}, 'query'],
  ['a query of emoji only', '🎨🎉', {}, 'query'],
  ['a query of punctuation only', '--- ???', {}, 'query'],
  ['a query that is no text', 5, {}, 'query'],
  ['no query', undefined, {}, 'query'],
  ['a limit of 0', 'algebra', { limit: 0 }, 'limit'],
  ['a limit of -1', 'algebra', { limit: -1 }, 'limit'],
  ['a limit of 10,001', 'algebra', { limit: 10_001 }, 'limit'],
  ['a limit of 1.5', 'algebra', { limit: 1.5 }, 'limit'],
  ['a limit of NaN', 'algebra', { limit: Number.NaN }, 'limit'],
  ['an upside-down price', 'algebra', { minPrice: 50, maxPrice: '49.99' }, 'minPrice'],
  ['a negative price', 'algebra', { minPrice: -1 }, 'minPrice'],
  ['a price of NaN', 'algebra', { maxPrice: Number.NaN }, 'maxPrice'],
  ['a price with three decimals', 'algebra', { maxPrice: '1.999' }, 'maxPrice'],
  ['a blank category', 'algebra', { category: ' ' }, 'category'],
  ['an endless category', 'algebra', { category: 'x'.repeat(101) }, 'category'],
  ['an instructor of NaN', 'algebra', { instructorId: Number.NaN }, 'instructorId'],
  ['a user of 0', 'algebra', { userId: 0 }, 'userId'],
  ['seats that are no boolean', 'algebra', { hasSeats: 'yes' }, 'hasSeats'],
  ['a cursor that no search returned', 'algebra', { cursor: 'nextCursor' }, 'cursor'],
  ['a cursor of 10,000 characters', 'algebra', { cursor: 'x'.repeat(10_000) }, 'cursor'],
  ['an unknown filter', 'algebra', { level: 'easy' }, 'level'],
  [
    'options that are none',
    'algebra',
    {
      get limit(): number {
        throw new Error('gotcha')
      },
    },
    'input',
  ],
]

describe('a search', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture()
  })
  afterAll(() => app.dispose())

  it.each(refused)(
    'A search refuses %s, naming the field and asking no store',
    async (_, query, options, field) => {
      const asked: string[] = []
      const stop = app.stores.diagnostics.on('store:operation', ({ store, operation }) => {
        // The invalidation looks at its intents by itself, every second.
        if (store !== 'postgres') asked.push(`${store} ${operation}`)
      })
      const before = [app.openai.requestCount(), app.pinecone.requestCount(), app.logged.length]
      const result = await app.search.search(query as string, options as SearchOptions)
      stop()
      expect(result.isErr() && result.error).toMatchObject({
        type: 'invalid-input',
        field,
        retryable: false,
      })
      expect([app.openai.requestCount(), app.pinecone.requestCount(), app.logged.length]).toEqual(
        before,
      )
      expect(asked).toEqual([])
    },
  )

  const operatorQueries = [
    "'; DROP TABLE courses; --",
    '" OR 1=1',
    'a & !b:*',
    'C++ (advanced)',
    "l'algèbre",
    '-algebra',
    '日本語 入門',
  ] as const
  it.each(operatorQueries)(
    'A search takes %j for words, whatever it would mean elsewhere',
    async (query) => {
      const result = await app.search.search(query)
      expect(result._unsafeUnwrap()).toMatchObject({ mode: 'hybrid', degraded: [], hits: [] })
    },
  )

  it.each([0, -1, 1.5, Number.NaN, 2 ** 31])(
    'Indexing course %d is invalid input',
    async (courseId) => {
      for (const result of [
        await app.search.index.indexCourse(courseId),
        await app.search.index.unindexCourse(courseId),
      ]) {
        expect(result.isErr() && result.error).toMatchObject({
          type: 'invalid-input',
          field: 'courseId',
        })
      }
    },
  )

  it('Indexing an unknown course is not-found', async () => {
    const result = await app.search.index.indexCourse(4_711)
    expect(result.isErr() && result.error).toMatchObject({
      type: 'not-found',
      entity: 'course',
      id: '4711',
    })
  })
})
