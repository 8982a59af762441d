import { connect, migrate, orThrow } from '@headwater/core'
import { createRepositories, repositoriesMigrations } from '@headwater/repositories'
import type { Repositories } from '@headwater/repositories'
import { createCourseSearch, inMemoryVectorIndex, searchMigrations } from '@headwater/search'
import type { CourseSearch, Embedder, Leg, SearchHit } from '@headwater/search'
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

/** The courses that are searched, and the embedder that they are searched with. */
export interface Searched {
  readonly catalogue: Catalogue
  /** Published once the queries of the catalogue alone have been asked. */
  readonly furtherCourses: readonly CatalogueCourse[]
  /** Embeds courses and queries. */
  readonly embedder: Embedder
}

/** The floor of the dense leg for an embedder that does not say its own. */
const floorOfLeg = 0.1

/**
 * Runs every query through the real search over the courses, with the defaults of the embedder. The
 * answer of one leg is its part of an answer in which both weigh the same, in its own order.
 */
export async function answersOf(
  queries: readonly LabelledQuery[],
  { catalogue, furtherCourses, embedder }: Searched,
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
    const index = inMemoryVectorIndex({ dimensions: embedder.profile.dimensions })
    const options = { courses: repositories.courses, embedder, index }
    const search = createCourseSearch(stores, options)
    const inLegs = createCourseSearch(stores, {
      ...options,
      minSimilarity: embedder.ranking?.minSimilarity ?? floorOfLeg,
      denseWeight: 1,
    })
    const teachers = await createTeachers(repositories, catalogue)
    const asked = new Map<LabelledQuery, Asked>()
    const publishAndAsk = async (
      courses: readonly CatalogueCourse[],
      isAsked: (labelled: LabelledQuery) => boolean,
    ): Promise<void> => {
      for (const id of await publishInOrder(repositories, courses, teachers))
        orThrow(await search.index.indexCourse(id))
      for (const labelled of queries.filter(isAsked)) {
        const { query } = labelled
        asked.set(labelled, { hybrid: await ask(search, query), legs: await ask(inLegs, query) })
      }
    }
    say('loading the catalogue')
    await publishAndAsk(catalogue.courses, isOfCatalogue)
    await publishAndAsk(furtherCourses, (labelled) => !isOfCatalogue(labelled))
    orThrow(await stores.close())
    const answers = (hitsOf: (asked: Asked) => readonly SearchHit[]): Answer[] =>
      [...asked].map(([labelled, found]) => ({
        labelled,
        found: hitsOf(found).map(({ course }) => course.title),
      }))
    return {
      lexical: answers(({ legs }) => byLeg(legs, 'lexical')),
      dense: answers(({ legs }) => byLeg(legs, 'dense')),
      hybrid: answers(({ hybrid }) => hybrid),
    }
  } finally {
    await Promise.all([postgres.stop(), redis.stop()])
  }
}

/** What was found for a query, and what with legs of the same weight. */
interface Asked {
  readonly hybrid: readonly SearchHit[]
  readonly legs: readonly SearchHit[]
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

/** The first ten of one leg. */
function byLeg(hits: readonly SearchHit[], leg: Leg): readonly SearchHit[] {
  const rankOf = (hit: SearchHit): number => hit.legs[leg]?.rank ?? Infinity
  const found = hits
    .filter((hit) => hit.legs[leg] !== undefined)
    .sort((one, other) => rankOf(one) - rankOf(other))
    .slice(0, 10)
  if (found.some((hit, index) => rankOf(hit) !== index + 1))
    throw new Error(`the ${leg} leg's first ten are not all among the hits`)
  return found
}
