import { okAsync, orThrow } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import { describe, expect, it } from 'vitest'
import type { FusedCourse } from '../../../src/query/fusion/fuse.ts'
import { hydrate } from '../../../src/query/pages/hydrate.ts'
import type { ReadCourses } from '../../../src/query/pages/course-guesses.ts'
import type { SearchHit } from '../../../src/query/pages/hydrate.ts'

const courseOf = (id: number, isPublished: boolean): Course => ({
  id,
  title: `Course ${id}`,
  description: null,
  instructorId: 1,
  category: null,
  difficulty: null,
  language: 'en',
  maxStudents: null,
  currentEnrollment: 0,
  seatsOffered: 0,
  price: '1.00',
  isPublished,
  version: 1,
  createdAt: new Date(0),
  updatedAt: new Date(0),
})

const found: FusedCourse[] = [1, 2, 3, 4, 5, 6].map((id) => ({
  id,
  score: 1 / id,
  legs: { dense: { rank: id, score: 1 - id / 10 } },
}))

/** Courses 2 and 4 are not published, course 5 was deleted. */
const rows = new Map([1, 2, 3, 4, 6].map((id) => [id, courseOf(id, ![2, 4].includes(id))]))
const asked: (readonly number[])[] = []
const readCourses: ReadCourses = (ids) => {
  asked.push(ids)
  return okAsync(new Map(ids.flatMap((id) => (rows.has(id) ? [[id, rows.get(id)!] as const] : []))))
}

type Hydrate = (limit: number) => Promise<readonly SearchHit[]>

const own: Hydrate = async (limit) =>
  orThrow(await hydrate(found, { readCourses, isFindable: (course) => course.isPublished, limit }))
    .hits

/** What hand-wired code does: drops rows, then pairs what is left with the scores by position. */
const zipped: Hydrate = async (limit) => {
  const kept = [...orThrow(await readCourses(found.map(({ id }) => id))).values()]
    .filter(({ isPublished }) => isPublished)
    .slice(0, limit)
  return kept.map((course, place) => ({
    course,
    score: found[place]!.score,
    rank: place + 1,
    legs: found[place]!.legs,
  }))
}

/** Drops after it has cut to the limit, and so comes up short. */
const short: Hydrate = async (limit) => (await own(6)).filter(({ course }) => course.id <= limit)

function keepsOwnScores(hits: readonly SearchHit[]): boolean {
  return hits.every(
    ({ course, score, legs }) => score === 1 / course.id && legs.dense?.rank === course.id,
  )
}

describe('hydrating', () => {
  it('Each hit keeps its own score when unpublished and deleted courses between them are dropped', async () => {
    const hits = await own(10)
    expect(hits.map(({ course }) => course.id)).toEqual([1, 3, 6])
    expect(hits.map(({ rank }) => rank)).toEqual([1, 2, 3])
    expect(keepsOwnScores(hits)).toBe(true)
    expect(keepsOwnScores(await zipped(10))).toBe(false)
  })

  it('A page is filled up to its limit with the next best, reading no more courses than needed', async () => {
    asked.length = 0
    expect((await own(2)).map(({ course }) => course.id)).toEqual([1, 3])
    expect(asked).toEqual([[1, 2], [3]])
    expect((await short(2)).map(({ course }) => course.id)).not.toEqual([1, 3])
  })
})
