import { okAsync, orThrow } from '@headwater/core'
import type { LoadFailed } from '@headwater/core'
import { hashingEmbedder } from '@headwater/search'
import { eventually } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { dimensions, openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

const legDeadlineMs = 10_000
/** What a search may take on a busy machine when a leg uses up its deadline. */
const patienceMs = legDeadlineMs + 10_000

async function catalogue(app: SearchFixture): Promise<void> {
  await app.publish({ title: 'Machine learning fundamentals', category: 'AI/ML' })
  await app.publish({ title: 'Bread baking', category: 'Cooking' })
  await app.sync()
}

describe('without vectors', () => {
  let app: SearchFixture
  let queries = 0
  beforeAll(async () => {
    app = await openSearchFixture({ search: { legDeadlineMs } })
    await catalogue(app)
    // The first search makes the connections, which takes its time on a busy machine.
    await app.find('baking')
  })
  afterEach(() => {
    app.pinecone.faults.restore()
    app.openai.faults.restore()
    app.openai.answerDimensions(undefined)
  })
  afterAll(() => app.dispose())

  const failures = [
    [
      'Pinecone answers 503',
      'pinecone',
      'store-unavailable',
      () => {
        app.pinecone.faults.failNext({ status: 503, times: 100 })
      },
    ],
    [
      'Pinecone answers 429 and wants an hour',
      'pinecone',
      'store-unavailable',
      () => {
        app.pinecone.faults.failNext({ status: 429, retryAfterSeconds: 3_600, times: 100 })
      },
    ],
    [
      'Pinecone hangs',
      'pinecone',
      'deadline-exceeded',
      () => {
        app.pinecone.faults.hang()
      },
    ],
    [
      'Pinecone closes connections',
      'pinecone',
      'store-unavailable',
      () => {
        app.pinecone.faults.cut()
      },
    ],
    [
      'Pinecone refuses',
      'pinecone',
      'store-refused',
      () => {
        app.pinecone.faults.failNext({ status: 400, times: 100 })
      },
    ],
    [
      'OpenAI answers 503',
      'openai',
      'store-unavailable',
      () => {
        app.openai.faults.failNext({ status: 503, times: 100 })
      },
    ],
    [
      'OpenAI answers 429 and wants an hour',
      'openai',
      'store-unavailable',
      () => {
        app.openai.faults.failNext({ status: 429, retryAfterSeconds: 3_600, times: 100 })
      },
    ],
    [
      'OpenAI hangs',
      'openai',
      'deadline-exceeded',
      () => {
        app.openai.faults.hang()
      },
    ],
    [
      'OpenAI refuses the key',
      'openai',
      'store-refused',
      () => {
        app.openai.faults.failNext({ status: 401, times: 100 })
      },
    ],
    [
      'OpenAI answers with vectors of another length',
      undefined,
      'dimension-mismatch',
      () => {
        app.openai.answerDimensions(8)
      },
    ],
  ] as const
  it.each(failures)(
    'Words answer within the deadline when %s, and the degraded result is not cached',
    async (_, store, reason, fail) => {
      queries += 1
      const query = `machine learning ${queries}`
      const said: unknown[] = []
      const stop = app.stores.diagnostics.on('search:degraded', ({ leg }) => said.push(leg))
      fail()
      const startedMs = performance.now()
      const result = await app.find(query)
      expect(performance.now() - startedMs).toBeLessThan(patienceMs)
      expect(result).toMatchObject({
        mode: 'lexical',
        isCached: false,
        degraded: [{ leg: 'dense', reason, ...(store === undefined ? {} : { store }) }],
      })
      expect(result.hits.map(({ course }) => course.title)).toEqual([
        'Machine learning fundamentals',
      ])
      expect(said).toEqual(['dense'])
      stop()
      app.pinecone.faults.restore()
      app.openai.faults.restore()
      app.openai.answerDimensions(undefined)
      await eventually(
        async () => {
          expect(await app.find(query)).toMatchObject({
            mode: 'hybrid',
            degraded: [],
            isCached: false,
          })
        },
        { timeoutMs: 60_000 },
      )
      await eventually(async () => {
        expect(await app.find(query)).toMatchObject({ mode: 'hybrid', isCached: true })
      })
    },
  )

  it('A cached search answers in full while Pinecone is away', async () => {
    const before = await eventually(async () => {
      const found = await app.find('bread')
      expect(found).toMatchObject({ mode: 'hybrid', isCached: true })
      return found
    })
    app.pinecone.faults.cut()
    app.openai.faults.cut()
    const { hits, mode, degraded, isCached } = await app.find('bread')
    expect({ hits, mode, degraded, isCached }).toEqual({
      hits: before.hits,
      mode: 'hybrid',
      degraded: [],
      isCached: true,
    })
  })
})

describe('with an index of other dimensions', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture({ search: { legDeadlineMs }, indexDimensions: 8 })
  })
  afterAll(() => app.dispose())

  it('Words answer when the index has other dimensions, and the result names the mismatch', async () => {
    await app.publish({ title: 'Machine learning fundamentals' })
    expect(await app.find('machine learning')).toMatchObject({
      mode: 'lexical',
      degraded: [{ leg: 'dense', store: 'pinecone', reason: 'index-mismatch' }],
      hits: [{ course: { title: 'Machine learning fundamentals' } }],
    })
  })
})

describe('with an embedder that sometimes breaks its profile', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture({ search: { legDeadlineMs } })
  })
  afterAll(() => app.dispose())

  const badVectors = [
    ['NaN', 'invalid-input', (vector: readonly number[]) => vector.with(3, Number.NaN)],
    ['too few numbers', 'dimension-mismatch', (vector: readonly number[]) => vector.slice(1)],
  ] as const
  it.each(badVectors)(
    'A query vector with %s is not cached for the next search',
    async (what, reason, spoil) => {
      await app.publish({ title: 'Machine learning fundamentals' })
      await app.sync()
      const embedder = hashingEmbedder({ dimensions })
      let isSpoilt = true
      const search = app.openAnother({
        index: app.index,
        embedder: {
          ...embedder,
          embed: (texts) =>
            embedder
              .embed(texts)
              .map((vectors) => vectors.map((vector) => (isSpoilt ? spoil(vector) : vector))),
        },
      })
      const query = `machine learning with ${what}`
      expect(orThrow(await search.search(query))).toMatchObject({
        mode: 'lexical',
        degraded: [{ leg: 'dense', reason }],
      })
      isSpoilt = false
      expect(orThrow(await search.search(query))).toMatchObject({ mode: 'hybrid', degraded: [] })
    },
  )
})

describe('while a search is under way', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture({ search: { legDeadlineMs } })
  })
  afterAll(() => app.dispose())

  const changes = [
    ['deleted', (id: number) => app.courses.delete(id)],
    ['unpublished', (id: number) => app.courses.unpublish(id).map(() => undefined)],
  ] as const
  it.each(changes)(
    'A course that is %s between the ranking and the page is left out, and the next one takes its rank',
    async (what, change) => {
      const title = `Weaving ${what}`
      const [first, second, third] = [
        await app.publish({ title }),
        await app.publish({ title }),
        await app.publish({ title }),
      ]
      await app.sync()
      const search = app.openAnother({
        courses: {
          getMany: (ids, options) =>
            app.courses
              .get(first.id)
              .andThen((course) =>
                course?.isPublished === true ? change(first.id) : okAsync(undefined),
              )
              .mapErr(unexpected)
              .andThen(() => app.courses.getMany(ids, options)),
        },
      })
      const found = orThrow(await search.search(title, { limit: 2 }))
      expect(found.hits.map(({ course }) => course.id)).toEqual([second.id, third.id])
      expect(found).toMatchObject({ mode: 'hybrid', degraded: [] })
    },
  )
})

function unexpected(failure: { readonly type: string }): LoadFailed {
  return { type: 'load-failed', message: failure.type, retryable: false, cache: 'course' }
}
