import { orThrow } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

describe('courses like another', () => {
  let app: SearchFixture
  let guitar: Course
  beforeAll(async () => {
    app = await openSearchFixture()
    guitar = await app.publish({
      title: 'Acoustic guitar',
      description: 'Chords and strumming for the campfire.',
      category: 'Music',
    })
    await app.publish({
      title: 'Blues guitar',
      description: 'Bends and chords.',
      category: 'Music',
      price: '10.00',
    })
    await app.publish({ title: 'Choir conducting', category: 'Music', price: '90.00' })
    await app.publish({ title: 'Sourdough baking', category: 'Cooking' })
    await app.sync()
  })
  afterEach(() => {
    app.pinecone.faults.restore()
  })
  afterAll(() => app.dispose())

  const titlesLike = async (options = {}): Promise<string[]> =>
    orThrow(await app.search.similar(guitar.id, options)).hits.map(({ course }) => course.title)

  it('Similar courses are the nearest, best first, without the course itself, and cost no embedding', async () => {
    const before = app.openai.requestCount()
    const result = orThrow(await app.search.similar(guitar.id))
    expect(result).toMatchObject({ mode: 'hybrid', degraded: [] })
    expect(result.hits.map(({ course }) => course.title)).toEqual([
      'Blues guitar',
      'Choir conducting',
    ])
    expect(app.openai.requestCount()).toBe(before)
    expect(orThrow(await app.search.similar(guitar.id)).isCached).toBe(true)
  })

  it('Similar courses pass the filters', async () => {
    expect(await titlesLike({ maxPrice: '50' })).toEqual(['Blues guitar'])
    expect(await titlesLike({ limit: 1 })).toEqual(['Blues guitar'])
  })

  it('Similar courses are found by words alone when the index is away', async () => {
    app.pinecone.faults.cut()
    const result = orThrow(await app.search.similar(guitar.id, { hasSeats: true }))
    expect(result).toMatchObject({
      mode: 'lexical',
      degraded: [{ leg: 'dense', store: 'pinecone' }],
      isCached: false,
    })
    expect(result.hits[0]?.course.title).toBe('Blues guitar')
  })

  it('Courses similar to an unpublished or unknown one are not-found', async () => {
    const draft = await app.publish({ title: 'Guitar repair' })
    orThrow(await app.courses.unpublish(draft.id))
    for (const id of [draft.id, 99_999]) {
      const result = await app.search.similar(id)
      expect(result.isErr() && result.error).toMatchObject({
        type: 'not-found',
        entity: 'course',
        id: String(id),
      })
    }
    expect(await titlesLike()).not.toContain('Guitar repair')
  })

  const badInput: readonly [number, object, string][] = [
    [0, {}, 'courseId'],
    [Number.NaN, {}, 'courseId'],
    [1, { limit: 0 }, 'limit'],
    [1, { cursor: 'x' }, 'cursor'],
    [1, { minPrice: 2, maxPrice: 1 }, 'minPrice'],
  ]
  it.each(badInput)(
    'Courses similar to %d with %j are invalid input',
    async (courseId, options, field) => {
      const result = await app.search.similar(courseId, options)
      expect(result.isErr() && result.error).toMatchObject({ type: 'invalid-input', field })
    },
  )
})
