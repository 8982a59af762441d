import { orThrow } from '@headwater/core'
import type { SearchOptions } from '@headwater/search'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
    const [first] = all?.dropped ?? []
    const explain = { courses: [first?.courseId ?? 0] }
    const { explanation } = orThrow(await app.search.search('pottery', { limit: 2, explain }))
    expect(explanation?.asked).toEqual([first])
  })

  it('Nothing is said of courses that nobody asked about', async () => {
    const { explanation } = orThrow(await app.search.search('pottery', { explain: true }))
    expect(explanation).not.toHaveProperty('asked')
  })

  it.each([[{ courses: [] }], [{ courses: [0] }], [{ course: [5] }], ['yes']])(
    'The question %j is refused',
    async (explain) => {
      const asked = await app.search.search('pottery', { explain: explain as never })
      expect(asked._unsafeUnwrapErr()).toMatchObject({ type: 'invalid-input' })
    },
  )
})
