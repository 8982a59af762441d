import { orThrow } from '@headwater/core'
import type { Course, CourseListOptions, CourseSort } from '@headwater/repositories'
import { minorUnits } from '@headwater/repositories'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { courseListInput } from '../../src/courses/course-list.ts'
import { selectCoursePage } from '../../src/courses/course-list-query.ts'
import { failureOf, openFixture } from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture
let all: readonly Course[]
beforeAll(async () => {
  fixture = await openFixture()
  await fixture.newCourse()
  const { rows } = orThrow(await fixture.stores.postgres.query<{ id: number }>(manyCourses))
  all = [...orThrow(await fixture.courses.getMany(rows.map((row) => row.id))).values()]
  orThrow(await fixture.stores.postgres.query('ANALYZE @schema.courses'))
})
afterAll(() => fixture.dispose())

/** Few values of each kind, so that many courses are equal in what they are ordered by. */
const manyCourses = `
  WITH made AS (
    INSERT INTO @schema.courses (
      title, instructor_id, category, difficulty_level, language,
      max_students, current_enrollment, price, is_published
    )
    SELECT 'Course ' || n % 7, 1, 'Category ' || n % 3,
           CASE n % 2 WHEN 0 THEN 'beginner' ELSE 'advanced' END,
           (ARRAY['en', 'de', 'pt-BR', 'en', 'pt'])[n % 5 + 1],
           nullif(n % 4, 0), CASE n % 4 WHEN 0 THEN n % 5 ELSE n % 4 - n % 2 END,
           (n % 6) * 4.5, n % 10 <> 0
    FROM generate_series(1, 2000) AS n
    RETURNING id
  )
  SELECT id FROM made UNION SELECT id FROM @schema.courses`

const optional = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.option(arbitrary, { nil: undefined, freq: 2 })
const orders = [
  'newest',
  'price-ascending',
  'price-descending',
  'title',
  'popularity',
] as const satisfies CourseSort[]
const sort = fc.constantFrom(...orders)
const filters = fc.record({
  category: optional(fc.constantFrom('Category 0', 'Category 1')),
  difficulty: optional(fc.constantFrom('beginner', 'advanced')),
  language: optional(fc.constantFrom('de', 'pt', ['PT-br', 'de'], ['en'])),
  instructorId: optional(fc.constantFrom(1, 2)),
  minPrice: optional(fc.constantFrom('4.50', 9)),
  maxPrice: optional(fc.constantFrom('13.5', 18)),
  hasSeats: optional(fc.boolean()),
  isPublished: optional(fc.boolean()),
  sort: optional(sort),
})

function expectedIds(options: CourseListOptions): number[] {
  const {
    category,
    difficulty,
    language,
    instructorId,
    minPrice = '0',
    maxPrice = '99999999.99',
    hasSeats,
    isPublished = true,
  } = options
  return all
    .filter(
      (course) =>
        (category === undefined || course.category === category) &&
        (difficulty === undefined || course.difficulty === difficulty) &&
        (language === undefined || canonical(language).includes(course.language)) &&
        (instructorId === undefined || course.instructorId === instructorId) &&
        minorUnits(course.price) >= minorUnits(String(minPrice)) &&
        minorUnits(course.price) <= minorUnits(String(maxPrice)) &&
        (hasSeats === undefined ||
          hasSeats ===
            (course.maxStudents === null || course.currentEnrollment < course.maxStudents)) &&
        course.isPublished === isPublished,
    )
    .sort(comparison(options.sort ?? 'newest'))
    .map((course) => course.id)
}

function canonical(tags: string | readonly string[]): string[] {
  return [tags].flat().map((tag) => (tag === 'PT-br' ? 'pt-BR' : tag))
}

function comparison(order: CourseSort): (one: Course, other: Course) => number {
  switch (order) {
    case 'newest':
      return (one, other) => other.id - one.id
    case 'price-ascending':
      return (one, other) => minorUnits(one.price) - minorUnits(other.price) || one.id - other.id
    case 'price-descending':
      return (one, other) => minorUnits(other.price) - minorUnits(one.price) || other.id - one.id
    case 'title':
      return (one, other) =>
        one.title < other.title ? -1 : one.title > other.title ? 1 : one.id - other.id
    case 'popularity':
      return (one, other) => other.currentEnrollment - one.currentEnrollment || other.id - one.id
  }
}

async function walk(options: CourseListOptions): Promise<number[]> {
  const ids: number[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = orThrow(await fixture.courses.list({ ...options, cursor, limit: 150 }))
    ids.push(...page.items.map((course) => course.id))
    cursor = page.nextCursor
  }
  return ids
}

describe('courses.list', () => {
  test.each(orders)(
    'A walk through the list in the order %s meets every course once',
    async (order) => {
      expect(await walk({ sort: order })).toEqual(expectedIds({ sort: order }))
    },
  )

  test('A walk meets every course within the filters once, whatever the filters and the order', async () => {
    await fc.assert(
      fc.asyncProperty(filters, async (options) => {
        expect(await walk(options)).toEqual(expectedIds(options))
      }),
      { numRuns: 60 },
    )
  })

  test('A cursor of another order, other filters or another list is refused, and so is a forged one', async () => {
    const cursor =
      orThrow(await fixture.courses.list({ category: 'Category 1', sort: 'title', limit: 1 }))
        .nextCursor ?? ''
    const students = Buffer.from(JSON.stringify(['students', 1, 2])).toString('base64url')
    const [, fingerprint, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [
      string,
      string,
      number,
    ]
    const madeUp = Buffer.from(JSON.stringify(['courses', fingerprint, id, 7])).toString(
      'base64url',
    )
    for (const options of [
      { cursor, category: 'Category 1', sort: 'newest' },
      { cursor, category: 'Category 2', sort: 'title' },
      { cursor, sort: 'title' },
      { cursor, category: 'Category 1', sort: 'title', hasSeats: false },
      { cursor: students },
      { cursor: 'x' },
      { cursor: madeUp, category: 'Category 1', sort: 'title' },
    ] as const) {
      expect(failureOf(await fixture.courses.list(options))).toMatchObject({
        type: 'invalid-input',
        field: 'cursor',
      })
    }
    orThrow(await fixture.courses.list({ cursor, category: 'Category 1', sort: 'title', limit: 2 }))
  })

  test('An inverted range of prices, a negative price and an unknown order are refused', async () => {
    expect(
      failureOf(await fixture.courses.list({ minPrice: '10', maxPrice: '9.99' })),
    ).toMatchObject({ type: 'invalid-input', field: 'maxPrice' })
    expect(failureOf(await fixture.courses.list({ minPrice: -1 }))).toMatchObject({
      type: 'invalid-input',
      field: 'minPrice',
    })
    expect(failureOf(await fixture.courses.list({ sort: 'cheapest' as CourseSort }))).toMatchObject(
      { type: 'invalid-input', field: 'sort' },
    )
  })

  test('A page is read from an index, wherever it begins', async () => {
    for (const options of [
      {},
      { category: 'Category 1' },
      { instructorId: 1 },
      { language: 'de' },
      { sort: 'price-ascending' },
      { sort: 'price-descending' },
      { sort: 'title' },
    ] as const) {
      const first = orThrow(await fixture.courses.list({ ...options, limit: 20 }))
      expect(await planOf(options)).toMatch(/^Limit.*\n\s+->\s+Index Scan/)
      expect(await planOf({ ...options, cursor: first.nextCursor ?? undefined })).toMatch(
        /^Limit.*\n\s+->\s+Index Scan/,
      )
    }
  })
})

/** How PostgreSQL finds a page. */
async function planOf(options: CourseListOptions): Promise<string> {
  const [text, values] = selectCoursePage(courseListInput().parse(options))
  const { rows } = orThrow(
    await fixture.stores.postgres.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, values),
  )
  return rows.map((row) => row['QUERY PLAN']).join('\n')
}
