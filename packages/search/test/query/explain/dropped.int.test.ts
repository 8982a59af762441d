import { orThrow } from '@headwater/core'
import type { CourseSearch, DroppedCourse, SearchOptions, SearchResult } from '@headwater/search'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { awayIndex, failedBy, openExplainedCatalogue } from './explained-catalogue-fixture.ts'
import type { ExplainedCatalogue, KnownCourse } from './explained-catalogue-fixture.ts'

let app: ExplainedCatalogue
beforeAll(async () => {
  app = await openExplainedCatalogue()
})
afterAll(() => app.dispose())

async function restOf(
  search: CourseSearch,
  query: string,
  { first, ...options }: SearchOptions & { readonly first?: SearchResult },
): Promise<SearchResult[]> {
  const pages: SearchResult[] = first === undefined ? [] : [first]
  while (pages.length === 0 || pages.at(-1)?.nextCursor !== null) {
    const cursor = pages.at(-1)?.nextCursor ?? undefined
    pages.push(orThrow(await search.search(query, { ...options, cursor })))
  }
  return first === undefined ? pages : pages.slice(1)
}

const wordsAlone = (): CourseSearch => app.openAnother({ index: awayIndex() })

const idsOf = (pages: readonly SearchResult[]): number[] =>
  pages.flatMap(({ hits }) => hits.map(({ course }) => course.id))

const queries = [
  'pottery',
  'pottery wheel',
  'pottery -glaze',
  '"pottery wheel"',
  'wheel pottery -"wheel pottery"',
  'pottery xylophonist',
  'quartz',
  'the pottery',
]

interface Case extends SearchOptions {
  readonly query: string
  readonly page: number
  readonly minSimilarity: number | undefined
}

const cases: fc.Arbitrary<Case> = fc.record(
  {
    query: fc.constantFrom(...queries),
    page: fc.constantFrom(0, 1),
    minSimilarity: fc.constantFrom(undefined, 0.4, 0.8),
    limit: fc.constantFrom(2, 5, 30),
    category: fc.constantFrom('Art', 'Crafts'),
    maxPrice: fc.constantFrom('10.50', '20'),
    sort: fc.constantFrom('relevance', 'price-ascending', 'title'),
  },
  { requiredKeys: ['query', 'page', 'minSimilarity', 'limit'] },
)

describe('courses that a search dropped', () => {
  it('Every course that a leg found is a hit, or dropped for a reason that is true', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(cases, async (asked) => {
        for (const reason of await check(asked)) seen.add(reason)
      }),
      { numRuns: 60, seed: 7 },
    )
    expect([...seen].sort()).toEqual([
      'below-floor',
      'deleted',
      'earlier-page',
      'excluded',
      'filtered',
      'further-down',
      'too-few-words',
      'unpublished',
    ])
  })

  it('A course that has only common words of the query has too few of them', async () => {
    const search = app.openAnother({ minSimilarity: 0.99 })
    const { hits, explanation } = orThrow(await search.search('the florbing', { explain: true }))
    expect(hits).toEqual([])
    const reasons = new Map(explanation?.dropped.map((drop) => [drop.courseId, drop.reason]))
    const [guitar] = [...app.known.values()].filter(
      ({ title, state }) => title === 'The Guitar' && state === 'published',
    )
    expect(reasons.get(guitar?.id ?? 0)).toBe('below-floor')
    const alone = orThrow(await wordsAlone().search('the florbing', { explain: true }))
    expect(alone.explanation?.dropped).toContainEqual(
      expect.objectContaining({ courseId: guitar?.id, reason: 'too-few-words' }),
    )
  })

  it('At most 50 courses are listed, and all are counted', async () => {
    for (let number = 0; number < 60; number += 1) await app.publish({ title: 'Juggling' })
    const { hits, explanation } = await app.find('juggling', { limit: 30, explain: true })
    expect(hits).toHaveLength(30)
    expect(explanation?.dropped).toHaveLength(50)
    expect(explanation?.droppedCount).toBeGreaterThan(60)
  })
})

/** Asks, compares with what the test knows, and returns the reasons that were given. */
async function check({ query, page, minSimilarity, ...options }: Case): Promise<string[]> {
  const own = minSimilarity === undefined ? {} : { minSimilarity }
  const search = app.openAnother(own)
  const pages = await restOf(search, query, options)
  const before = pages[page - 1]
  if (page > 0 && typeof before?.nextCursor !== 'string') return []
  const cursor = before?.nextCursor ?? undefined
  app.near.clear()
  const found = orThrow(await search.search(query, { ...options, cursor, explain: true }))
  const { hits, explanation } = found
  expect(hits).toEqual(pages[page]?.hits)
  if (explanation === undefined) throw new Error('there is no explanation')
  expect(explanation.hits.map(({ courseId }) => courseId)).toEqual(idsOf([found]))

  const byWords = idsOf(await restOf(wordsAlone(), query, { ...options, sort: 'relevance' }))
  const accounted = [...idsOf([found]), ...explanation.dropped.map(({ courseId }) => courseId)]
  expect(new Set(accounted)).toEqual(new Set([...accounted, ...app.near, ...byWords]))
  expect(new Set(accounted).size).toBe(accounted.length)
  expect(explanation.droppedCount).toBe(explanation.dropped.length)

  const onPages = { earlier: pages.slice(0, page), later: pages.slice(page + 1) }
  for (const dropped of explanation.dropped) {
    const course = app.known.get(dropped.courseId)
    if (course === undefined) throw new Error(`course ${dropped.courseId} is unknown`)
    const floors = explanation.meaning ?? { floor: Infinity }
    const circumstances = { query, options, onPages, floors, minSimilarity }
    expect({
      dropped,
      course,
      query,
      isTrue: isTrue(dropped, course, circumstances),
    }).toMatchObject({ isTrue: true })
  }
  return explanation.dropped.map(({ reason }) => reason)
}

interface Circumstances {
  readonly query: string
  readonly options: SearchOptions
  readonly onPages: {
    readonly earlier: readonly SearchResult[]
    readonly later: readonly SearchResult[]
  }
  readonly floors: { readonly floor: number }
  readonly minSimilarity: number | undefined
}

/** Whether a reason is true, by what the test itself knows of the course. */
function isTrue(
  { reason, filters }: DroppedCourse,
  course: KnownCourse,
  { query, options, onPages, floors, minSimilarity }: Circumstances,
): boolean {
  const isThere = course.state === 'published'
  const failed = failedBy(course, options)
  const has = (text: string): boolean => course.title.toLowerCase().includes(text)
  const rounding = 0.0001
  switch (reason) {
    case 'deleted':
    case 'unpublished':
      return course.state === reason
    case 'filtered':
      return isThere && failed.length > 0 && failed.join() === filters?.join()
    case 'excluded':
      return (
        (query === 'pottery -glaze' && has('glaze')) ||
        (query === '"pottery wheel"' && !has('pottery wheel')) ||
        (query.endsWith('-"wheel pottery"') && has('wheel pottery'))
      )
    case 'below-floor':
      return course.similarity < Math.min(minSimilarity ?? 1, floors.floor) + rounding
    case 'too-few-words':
      return query === 'the pottery' && has('the') && !has('pottery')
    case 'earlier-page':
      return idsOf(onPages.earlier).includes(course.id)
    case 'further-down':
      return idsOf(onPages.later).includes(course.id)
    default:
      return false
  }
}
