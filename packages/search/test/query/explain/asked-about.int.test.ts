import { orThrow } from '@headwater/core'
import type { SearchOptions } from '@headwater/search'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { spoil } from '../spoilt-statements.ts'
import { awayIndex, failedBy, openExplainedCatalogue } from './explained-catalogue-fixture.ts'
import type { ExplainedCatalogue } from './explained-catalogue-fixture.ts'

let app: ExplainedCatalogue
beforeAll(async () => {
  app = await openExplainedCatalogue()
})
afterAll(() => app.dispose())

describe('a search that is asked about courses', () => {
  const filters: readonly SearchOptions[] = [{}, { category: 'Art' }, { maxPrice: '10.50' }]
  it.each(filters)('Says of every course what became of it, with %j', async (filter) => {
    // Without an index, only courses with the words are found.
    const search = app.openAnother({ index: awayIndex() })
    const courses = [...app.known.keys(), 999_999]
    const options = { ...filter, limit: 3, explain: { courses } }
    const { hits, explanation } = orThrow(await search.search('pottery', options))
    expect(explanation?.asked?.map(({ courseId }) => courseId)).toEqual(courses)
    const shown = new Set(hits.map(({ course }) => course.id))
    const seen = new Set<string>()
    for (const { courseId, reason, filters: failed } of explanation?.asked ?? []) {
      seen.add(reason)
      const course = app.known.get(courseId)
      if (shown.has(courseId)) expect(reason).toBe('shown')
      else if (course === undefined || course.state === 'deleted') expect(reason).toBe('deleted')
      else if (course.state === 'unpublished') expect(reason).toBe('unpublished')
      else if (failedBy(course, filter).length > 0)
        expect([reason, failed]).toEqual(['filtered', failedBy(course, filter)])
      else expect(reason).toBe(/pottery/i.test(course.title) ? 'further-down' : 'not-found')
    }
    expect([...seen]).toEqual(
      expect.arrayContaining(['deleted', 'further-down', 'not-found', 'shown', 'unpublished']),
    )
    expect(seen.has('filtered')).toBe(Object.keys(filter).length > 0)
  })

  it('A course that the index found says as much as among the dropped', async () => {
    const all = orThrow(await app.search.search('pottery', { limit: 2, explain: true })).explanation
    const near = (all?.dropped ?? []).filter(
      ({ courseId, reason }) =>
        reason === 'below-floor' && app.known.get(courseId)?.state === 'published',
    )
    const explain = { courses: near.map(({ courseId }) => courseId) }
    const { explanation } = orThrow(await app.search.search('pottery', { limit: 2, explain }))
    expect(explanation?.asked).toEqual(near)
    expect(near.length).toBeGreaterThan(0)
  })

  it('What PostgreSQL says of a course comes before what the index says of it', async () => {
    const options = { category: 'Art', limit: 2, explain: { courses: [...app.known.keys()] } }
    const { explanation } = orThrow(await app.search.search('quartz', options))
    const floor = explanation?.meaning?.floor ?? 0
    let below = 0
    for (const { courseId, reason } of explanation?.asked ?? []) {
      const { state, similarity, category } = app.known.get(courseId) ?? {}
      if (state !== 'published') expect(reason).toBe(state)
      else if (category !== 'Art') expect(reason).toBe('filtered')
      else expect(['shown', 'further-down', 'below-floor', 'not-distinct']).toContain(reason)
      if (state !== 'published' && (similarity ?? 1) < floor) below += 1
    }
    expect(below).toBeGreaterThan(0)
  })

  const indexes = [
    ['the index', {}],
    ['no index', { index: awayIndex() }],
  ] as const
  const excluding = [
    ['pottery -glaze', (title: string) => title.includes('Glaze')],
    ['"pottery on the wheel"', (title: string) => title !== 'Pottery on the Wheel'],
  ] as const
  const cases = indexes.flatMap(([name, index]) =>
    excluding.map(([query, isExcluded]) => ({ name, index, query, isExcluded })),
  )
  it.each(cases)(
    'With $name, $query excludes what its operators do not allow',
    async ({ index, query, isExcluded }) => {
      const search = app.openAnother(index)
      const options = { limit: 3, explain: { courses: [...app.known.keys()] } }
      const { explanation } = orThrow(await search.search(query, options))
      const there = (explanation?.asked ?? []).filter(
        ({ courseId }) => app.known.get(courseId)?.state === 'published',
      )
      expect(there.length).toBeGreaterThan(0)
      for (const { courseId, reason, wordShare } of there) {
        const isOut = isExcluded(app.known.get(courseId)?.title ?? '')
        expect([courseId, reason === 'excluded']).toEqual([courseId, isOut])
        if (isOut) expect(wordShare).toBeUndefined()
      }
    },
  )

  it('Nothing is said of courses that nobody asked about', async () => {
    const { explanation } = orThrow(await app.search.search('pottery', { explain: true }))
    expect(explanation).not.toHaveProperty('asked')
  })

  it('A share of the words is told of courses only that were looked at for them', async () => {
    const search = app.openAnother({ index: awayIndex() })
    const explain = { courses: [...app.known.keys()] }
    const { explanation } = orThrow(await search.search('pottery wheel', { explain }))
    for (const { courseId, wordShare } of explanation?.asked ?? []) {
      const { state, title = '' } = app.known.get(courseId) ?? {}
      const has = ['Pottery', 'Wheel'].filter((word) => title.includes(word)).length
      if (state === 'published') expect([0, 1]).toContain(Math.floor(wordShare ?? -1))
      if (state === 'published') expect([title, wordShare === 0]).toEqual([title, has === 0])
      else expect(wordShare).toBeUndefined()
    }
  })

  it('Nothing is said of words when the leg by words fails', async () => {
    const explain = { courses: [...app.known.keys()] }
    spoil(app, {
      isSpoilt: (statement) => statement.includes('AS has_all'),
      statement: 'SELECT no_such_function()',
    })
    const { degraded, explanation } = orThrow(await app.search.search('pottery', { explain }))
    vi.restoreAllMocks()
    expect(degraded.map(({ leg }) => leg)).toEqual(['lexical'])
    expect(explanation?.asked).toHaveLength(explain.courses.length)
    for (const asked of explanation?.asked ?? []) expect(asked).not.toHaveProperty('wordShare')
  })

  it('A course that only a deeper look finds is further down', async () => {
    const ids: number[] = []
    for (let number = 0; number < 120; number += 1)
      ids.push((await app.publish({ title: `Basketry ${number}` })).id)
    const search = app.openAnother({ index: awayIndex() })
    const plain = orThrow(await search.search('basketry', { explain: true }))
    for (let first = 0; first < ids.length; first += 50) {
      const explain = { courses: ids.slice(first, first + 50) }
      const { hits, explanation } = orThrow(await search.search('basketry', { explain }))
      const shown = new Set(hits.map(({ course }) => course.id))
      expect(explanation?.asked).toEqual(
        explain.courses.map((courseId) => ({
          courseId,
          reason: shown.has(courseId) ? 'shown' : 'further-down',
          wordShare: 1,
        })),
      )
      expect(explanation?.dropped).toEqual(plain.explanation?.dropped)
    }
  })

  const many = Array.from({ length: 51 }, (_, number) => number + 1)
  it.each([
    [{ courses: [] }, 'explain.courses: must have an id'],
    [{ courses: [3, 0] }, 'explain.courses[1]: must be the id of a course'],
    [{ courses: [1.5] }, 'explain.courses[0]: must be the id of a course'],
    [{ courses: many }, 'explain.courses: must have at most 50 ids'],
    [{ courses: 5 }, 'explain.courses: must be a list of ids'],
    [{ courses: [5], course: 5 }, 'explain.course: is not a known field'],
    ['yes', 'explain: must be true, false, or an object with courses'],
    [null, 'explain: must be true, false, or an object with courses'],
  ])('The question %j is refused by the rule that it breaks', async (explain, message) => {
    const asked = await app.search.search('pottery', { explain: explain as never })
    expect(asked._unsafeUnwrapErr()).toMatchObject({ type: 'invalid-input', message })
  })
})
