import { orThrow } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CourseSearch, SearchHit, SearchOptions } from '@headwater/search'
import { openSearchFixture } from '../../search-fixture.ts'
import type { SearchFixture } from '../../search-fixture.ts'

describe('pinned courses', () => {
  let app: SearchFixture
  const courses: Course[] = []
  let unrelated: Course
  let unpublished: Course
  beforeAll(async () => {
    app = await openSearchFixture()
    for (let number = 0; number < 12; number += 1)
      courses.push(
        await app.publish({
          title: `Juggling ${number}`,
          category: number % 2 === 0 ? 'Circus' : 'Sports',
        }),
      )
    unrelated = await app.publish({ title: 'Bread baking', category: 'Circus' })
    unpublished = await app.publish({ title: 'Juggling of old' })
    orThrow(await app.courses.unpublish(unpublished.id))
    await app.sync()
  })
  afterAll(() => app.dispose())

  const pinned = (...courseIds: number[]): CourseSearch =>
    app.openAnother({ pins: [{ query: 'Juggling', courseIds }] })
  const idsOf = (hits: readonly SearchHit[]): number[] => hits.map(({ course }) => course.id)
  const idOf = (index: number): number => courses[index]?.id ?? 0

  async function allPages(search: CourseSearch, options: SearchOptions): Promise<SearchHit[]> {
    const hits: SearchHit[] = []
    let cursor: string | undefined
    do {
      const page = orThrow(await search.search('juggling', { ...options, cursor }))
      hits.push(...page.hits)
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
    return hits
  }

  it('Pinned courses come first, in their order, found by the query or not, and say so', async () => {
    const { hits } = orThrow(
      await pinned(idOf(7), unrelated.id, idOf(3)).search(' JUGGLING ', { limit: 5 }),
    )
    expect(idsOf(hits).slice(0, 3)).toEqual([idOf(7), unrelated.id, idOf(3)])
    expect(hits.map(({ pinned: isPinned }) => isPinned)).toEqual([
      true,
      true,
      true,
      undefined,
      undefined,
    ])
    expect(hits.map(({ rank }) => rank)).toEqual([1, 2, 3, 4, 5])
    expect(hits[0]?.legs.lexical).toBeDefined()
    expect(hits[1]).toMatchObject({ score: 0, legs: {} })
  })

  it('A pinned course that PostgreSQL denies or a filter leaves out is not shown', async () => {
    const search = pinned(unpublished.id, 2_000_000, idOf(3), unrelated.id)
    const { hits } = orThrow(await search.search('juggling', { category: 'Circus' }))
    expect(idsOf(hits)[0]).toBe(unrelated.id)
    expect(idsOf(hits)).not.toContain(idOf(3))
    expect(idsOf(hits)).not.toContain(unpublished.id)
    expect(hits.filter(({ pinned: isPinned }) => isPinned)).toHaveLength(1)
  })

  it('An explained page says that a pinned course was shown before', async () => {
    const search = pinned(unrelated.id)
    const options = { limit: 4, explain: true }
    const { nextCursor, explanation: ofFirst } = orThrow(await search.search('juggling', options))
    expect(ofFirst?.dropped.map(({ courseId }) => courseId)).not.toContain(unrelated.id)
    const { explanation } = orThrow(
      await search.search('juggling', { ...options, cursor: nextCursor ?? '' }),
    )
    expect(explanation?.dropped).toContainEqual(
      expect.objectContaining({ courseId: unrelated.id, reason: 'earlier-page' }),
    )
  })

  it('An explained hit says that it is pinned, and that nothing else found it', async () => {
    const search = pinned(idOf(7), unrelated.id)
    const { explanation } = orThrow(await search.search('juggling', { limit: 3, explain: true }))
    expect(explanation?.hits).toMatchObject([
      { courseId: idOf(7), pinned: true, tier: 'all-words' },
      { courseId: unrelated.id, pinned: true, tier: 'pinned', score: 0, legs: {} },
      { tier: 'all-words' },
    ])
    expect(explanation?.hits[2]).not.toHaveProperty('pinned')
  })

  it('A process without the pins goes on with every course that was not shown', async () => {
    const last = idsOf(await allPages(app.search, {})).at(-1) ?? 0
    const { nextCursor } = orThrow(await pinned(last).search('juggling', { limit: 1 }))
    const rest = orThrow(
      await app.search.search('juggling', { limit: 20, cursor: nextCursor ?? '' }),
    )
    expect(new Set(idsOf(rest.hits))).toEqual(new Set(courses.map(({ id }) => id)))
  })

  it('Other queries, other orders and similar courses have no pinned course', async () => {
    const search = pinned(unrelated.id)
    for (const found of [
      orThrow(await search.search('juggling 3')),
      orThrow(await search.search('juggling', { sort: 'title' })),
      orThrow(await search.similar(idOf(0))),
    ]) {
      expect(idsOf(found.hits)).not.toContain(unrelated.id)
      expect(found.hits.every((hit) => !('pinned' in hit))).toBe(true)
    }
  })

  it('Processes with other pins share a cached ranking and show their own pins', async () => {
    const [one, other] = [pinned(idOf(4)), pinned(idOf(9))]
    orThrow(await one.search('juggling'))
    const found = [one, other, app.search].map(async (search) => {
      const { hits, isCached } = orThrow(await search.search('juggling'))
      expect(isCached).toBe(true)
      return hits.filter(({ pinned: isPinned }) => isPinned).map(({ course }) => course.id)
    })
    expect(await Promise.all(found)).toEqual([[idOf(4)], [idOf(9)], []])
  })

  it('Whatever is pinned and however long a page is, pages show each course once, pins first', async () => {
    const plain = idsOf(await allPages(app.search, {}))
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.constantFrom(...courses, unrelated, unpublished), {
          minLength: 1,
          maxLength: 6,
          selector: ({ id }) => id,
        }),
        fc.integer({ min: 1, max: 14 }),
        async (pins, limit) => {
          const search = pinned(...pins.map(({ id }) => id))
          const hits = await allPages(search, { limit })
          const shown = pins.filter(({ id }) => id !== unpublished.id).map(({ id }) => id)
          expect(idsOf(hits)).toEqual([...shown, ...plain.filter((id) => !shown.includes(id))])
          expect(hits.map(({ rank }) => rank)).toEqual(hits.map((_, index) => index + 1))
          expect(orThrow(await search.count('juggling')).total).toBe(hits.length)
        },
      ),
      { numRuns: 25 },
    )
  })
})
