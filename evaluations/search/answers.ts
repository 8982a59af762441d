import { connect, migrate, orThrow } from '@headwater/core'
import { createRepositories, repositoriesMigrations } from '@headwater/repositories'
import type { Repositories } from '@headwater/repositories'
import {
  createCourseSearch,
  hashingEmbedder,
  inMemoryVectorIndex,
  searchMigrations,
} from '@headwater/search'
import type { CourseSearch, Leg, SearchHit } from '@headwater/search'
import { startPostgresServer, startRedisServer } from '@headwater/testing'
import type { Catalogue, CatalogueCourse } from '../../examples/catalogue/src/index.ts'
import type { Answer } from './figures.ts'
import { isOfCatalogue } from './labelled-queries.ts'
import type { LabelledQuery } from './labelled-queries.ts'

/** The ways of searching that are compared. */
export const ways = ['lexical', 'dense', 'hybrid'] as const

/** One of them. */
export type Way = (typeof ways)[number]

/** The answers of each way. */
export type Answers = Readonly<Record<Way, readonly Answer[]>>

/** The courses that are searched. */
export interface Searched {
  readonly catalogue: Catalogue
  /** Published once the queries of the catalogue alone have been asked. */
  readonly furtherCourses: readonly CatalogueCourse[]
}

/**
 * Runs every query through the real search over the courses. The answer of one leg is its part of
 * the hybrid answer, in its own order.
 */
export async function answersOf(
  queries: readonly LabelledQuery[],
  { catalogue, furtherCourses }: Searched,
  say: (line: string) => void,
): Promise<Answers> {
  const [postgres, redis] = await Promise.all([
    startPostgresServer(),
    startRedisServer({ onProgress: say }),
  ])
  try {
    const stores = orThrow(
      await connect({ postgres: { url: postgres.url }, redis: { url: redis.url } }),
    )
    orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
    const repositories = createRepositories(stores)
    const search = createCourseSearch(stores, {
      courses: repositories.courses,
      embedder: hashingEmbedder(),
      index: inMemoryVectorIndex(),
    })
    const teachers = await createTeachers(repositories, catalogue)
    const asked = new Map<LabelledQuery, readonly SearchHit[]>()
    const publishAndAsk = async (
      courses: readonly CatalogueCourse[],
      isAsked: (labelled: LabelledQuery) => boolean,
    ): Promise<void> => {
      for (const id of await publishInOrder(repositories, courses, teachers))
        orThrow(await search.index.indexCourse(id))
      for (const labelled of queries)
        if (isAsked(labelled)) asked.set(labelled, await ask(search, labelled.query))
    }
    say('loading the catalogue')
    await publishAndAsk(catalogue.courses, isOfCatalogue)
    await publishAndAsk(furtherCourses, (labelled) => !isOfCatalogue(labelled))
    orThrow(await stores.close())
    const answers = (order: (hits: readonly SearchHit[]) => readonly SearchHit[]): Answer[] =>
      queries.map((labelled) => ({
        labelled,
        found: order(asked.get(labelled) ?? []).map(({ course }) => course.title),
      }))
    return {
      lexical: answers(byLeg('lexical')),
      dense: answers(byLeg('dense')),
      hybrid: answers((hits) => hits),
    }
  } finally {
    await Promise.all([postgres.stop(), redis.stop()])
  }
}

async function createTeachers(
  { users }: Repositories,
  { instructors }: Catalogue,
): Promise<ReadonlyMap<string, number>> {
  const teachers = new Map<string, number>()
  for (const { username, email } of instructors) {
    teachers.set(
      username,
      orThrow(await users.create({ username, email, role: 'instructor', passwordHash: '!' })).id,
    )
  }
  return teachers
}

/**
 * Publishes one after the other, so that the courses always have the same ids: of two equal matches
 * the older comes first.
 */
async function publishInOrder(
  { courses: repository }: Repositories,
  courses: readonly CatalogueCourse[],
  teachers: ReadonlyMap<string, number>,
): Promise<number[]> {
  const ids: number[] = []
  for (const { instructor, ...course } of courses) {
    const { id } = orThrow(
      await repository.create({ ...course, instructorId: teachers.get(instructor) ?? 0 }),
    )
    ids.push(orThrow(await repository.publish(id)).id)
  }
  return ids
}

async function ask(search: CourseSearch, query: string): Promise<readonly SearchHit[]> {
  const { hits, mode } = orThrow(await search.search(query, { limit: 100 }))
  if (mode !== 'hybrid') throw new Error(`${query}: answered by one leg: the comparison is void`)
  return hits
}

function byLeg(leg: Leg): (hits: readonly SearchHit[]) => readonly SearchHit[] {
  const rankOf = (hit: SearchHit): number => hit.legs[leg]?.rank ?? Infinity
  return (hits) => {
    const found = hits
      .filter((hit) => hit.legs[leg] !== undefined)
      .sort((one, other) => rankOf(one) - rankOf(other))
      .slice(0, 10)
    if (found.some((hit, index) => rankOf(hit) !== index + 1))
      throw new Error(`the ${leg} leg's first ten are not all among the hits`)
    return found
  }
}
