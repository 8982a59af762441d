import { orThrow } from '@headwater/core'
import { hashingEmbedder, inMemoryVectorIndex } from '@headwater/search'
import type { Embedder } from '@headwater/search'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dimensions, openSearchFixture } from './search-fixture.ts'
import type { SearchFixture } from './search-fixture.ts'

describe('a search', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture()
    await app.publish({
      title: 'Machine learning fundamentals',
      description: 'Regression, trees and neural networks.',
      category: 'AI/ML',
      difficulty: 'beginner',
      price: '49.00',
    })
    await app.publish({
      title: 'Deep learning in practice',
      description: 'Train neural networks on images.',
      category: 'AI/ML',
      difficulty: 'advanced',
      price: '199.99',
    })
    await app.publish({
      title: 'Watercolour painting',
      description: 'Landscapes for beginners.',
      category: 'Art',
      difficulty: 'beginner',
      price: '0',
    })
    await app.publish({
      title: 'Sourdough baking',
      description: 'Bread with a starter of your own.',
      category: 'Cooking',
      price: '19.50',
      maxStudents: 1,
    })
    await app.sync()
  })
  afterAll(() => app.dispose())

  it('A search finds published courses by meaning and by words, each with its score, rank and legs', async () => {
    const result = await app.find('machine learning fundamentals')
    expect(result).toMatchObject({ mode: 'hybrid', degraded: [] })
    expect(result.hits[0]).toMatchObject({
      course: { title: 'Machine learning fundamentals' },
      rank: 1,
      legs: { dense: { rank: 1 }, lexical: { rank: 1 } },
    })
    // It has every word, and has them best.
    expect(result.hits[0]?.score).toBe(3)
    expect(result.hits.map(({ rank }) => rank)).toEqual(result.hits.map((_, place) => place + 1))
    expect(result.hits.map(({ score }) => score)).toEqual(
      result.hits.map(({ score }) => score).toSorted((left, right) => right - left),
    )
  })

  it('A cached search gives a deeply equal answer without asking the embedder or the index', async () => {
    const query = 'neural networks on images'
    const [embeddings, queries] = [app.openai.requestCount(), app.pinecone.requestCount('/query')]
    const first = await app.find(query, { category: 'AI/ML', limit: 5 })
    const second = await app.find(query, { limit: 5, category: 'AI/ML' })
    expect([first.isCached, second.isCached]).toEqual([false, true])
    expect(second.hits).toEqual(first.hits)
    expect(second.mode).toBe(first.mode)
    expect(app.openai.requestCount() - embeddings).toBe(1)
    expect(app.pinecone.requestCount('/query') - queries).toBe(1)
  })

  it('The embedder is told which texts are of courses and which are queries', async () => {
    const inner = hashingEmbedder({ dimensions })
    const purposes: unknown[] = []
    const embedder: Embedder = {
      profile: { model: 'told', dimensions },
      embed: (texts, options) => {
        purposes.push(options?.purpose)
        return inner.embed(texts, options)
      },
    }
    const told = app.openAnother({ embedder, index: inMemoryVectorIndex({ dimensions }) })
    const { id } = await app.publish({ title: 'Falconry' })
    orThrow(await told.index.indexCourse(id))
    orThrow(await told.search('falconry'))
    // Texts without a meaning, which tell what is similar, are queries too.
    expect(purposes).toEqual(['document', 'query', 'query'])
  })

  it('A search whose caller aborts is found for the others that ask the same', async () => {
    // A course that is indexed meanwhile would have the second caller search again.
    await app.sync()
    const query = 'bread of my own'
    app.pinecone.faults.hang({ route: '/query' })
    const queries = app.pinecone.requestCount('/query')
    const looks: string[] = []
    const off = app.stores.diagnostics.on('cache:miss', ({ cache }) => looks.push(cache))
    const controller = new AbortController()
    const aborting = app.search.search(query, { signal: controller.signal })
    await eventually(() => expect(app.pinecone.requestCount('/query')).toBe(queries + 1))
    const waiting = app.find(query)
    await eventually(() => expect(looks.filter((cache) => cache === looks[0])).toHaveLength(2))
    off()
    controller.abort()
    expect((await aborting)._unsafeUnwrapErr()).toMatchObject({
      type: 'deadline-exceeded',
      message: 'postgres: `search` was given up by its caller',
    })
    app.pinecone.faults.restore()
    expect((await waiting).hits[0]?.course.title).toBe('Sourdough baking')
    expect(app.pinecone.requestCount('/query')).toBe(queries + 1)
  })

  it('Nothing is searched for a caller that has aborted', async () => {
    const queries = app.pinecone.requestCount('/query')
    const signal = AbortSignal.abort()
    const answers = [
      await app.search.search('neural networks', { signal }),
      await app.search.similar(1, { signal }),
      await app.search.suggest('neur', { signal }),
      await app.search.count('neural networks', { signal }),
    ]
    expect(answers.map((answer) => answer._unsafeUnwrapErr().type)).toEqual(
      answers.map(() => 'deadline-exceeded'),
    )
    expect(app.pinecone.requestCount('/query')).toBe(queries)
  })

  it('Spellings of a query share answer and vector, similar queries neither', async () => {
    const askedFor = async (
      query: string,
    ): Promise<{ readonly isCached: boolean; readonly embedded: number }> => {
      const before = app.openai.inputCount()
      const { isCached } = await app.find(query)
      return { isCached, embedded: app.openai.inputCount() - before }
    }
    expect(await askedFor('courses for beginners')).toEqual({ isCached: false, embedded: 1 })
    for (const other of [
      'courses not for beginners',
      'course for beginners',
      'courses for beginner',
      'beginners for courses',
    ]) {
      expect(await askedFor(other)).toEqual({ isCached: false, embedded: 1 })
    }
    for (const same of [
      'Courses  for BEGINNERS',
      ' courses\tfor beginners ',
      'ｃourses for beginners',
      'courses for beginners!',
      '(Courses, for beginners?)',
    ])
      expect(await askedFor(same)).toEqual({ isCached: true, embedded: 0 })
    const { isCached } = await app.find('courses for beginners', { category: 'Art' })
    expect(isCached).toBe(false)
  })

  it('A search logs the user, the query, the mode and the number of results', async () => {
    const { searchId, hits, durationMs } = await app.find('Sourdough  BAKING')
    expect(app.logged.at(-1)).toMatchObject({
      searchId,
      userId: undefined,
      query: 'sourdough baking',
      resultsCount: hits.length,
      searchType: 'hybrid',
      durationMs,
    })
    orThrow(await app.search.index.indexCourse(1))
  })
})
