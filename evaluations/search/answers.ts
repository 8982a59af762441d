import { connect, migrate, orThrow } from '@headwater/core'
import type { Stores } from '@headwater/core'
import { createRepositories, repositoriesMigrations } from '@headwater/repositories'
import type { Repositories } from '@headwater/repositories'
import { createCourseSearch, inMemoryVectorIndex, searchMigrations } from '@headwater/search'
import type { CourseSearch, Embedder, Leg, SearchHit } from '@headwater/search'
import { startPostgresServer, startRedisServer } from '@headwater/testing'
import type { CatalogueCourse } from '../../examples/catalogue/src/index.ts'
import { collectionNames } from './collections.ts'
import type { Collections } from './collections.ts'
import type { Answer } from './figures.ts'
import type { LabelledQuery } from './labelled-queries.ts'

/** The ways of searching that are compared. */
export const ways = ['lexical', 'dense', 'hybrid'] as const

/** One of them. */
export type Way = (typeof ways)[number]

/** The answers of each way. */
export type Answers = Readonly<Record<Way, readonly Answer[]>>

/** The courses that are searched, and the embedders that they are searched with. */
export interface Searched {
  readonly collections: Collections
  /** Each with an index of its own. */
  readonly embedders: readonly Embedder[]
  /**
   * Whether a query is asked with an embedder.
   *
   * @defaultValue each with all
   */
  readonly isAsked?: (query: LabelledQuery, embedder: Embedder) => boolean
  /**
   * Whether it is asked of each leg too. Words answer the same with every embedder.
   *
   * @defaultValue each is
   */
  readonly isAskedInLegs?: (query: LabelledQuery, embedder: Embedder) => boolean
}

/** Queries under way at the same time. */
const atOnce = 8

/** The floor of the dense leg for an embedder that does not say its own. */
const floorOfLeg = 0.1

/**
 * Runs every query through the real search over the courses, with the defaults of each embedder.
 * The answer of one leg is its part of an answer in which both weigh the same, in its own order.
 */
export async function answersOf(
  queries: readonly LabelledQuery[],
  { collections, embedders, isAsked = () => true, isAskedInLegs = () => true }: Searched,
  say: (line: string) => void,
): Promise<Answers[]> {
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
    const subjects = embedders.map((embedder) => ({
      embedder,
      subject: new Subject(stores, repositories, embedder),
    }))
    const teachers = await createTeachers(repositories, collections)
    for (const name of collectionNames) {
      say(`loading the courses: ${name}`)
      await publishInOrder(repositories, collections.courses[name], teachers)
      const asked = queries.filter(({ collection }) => collection === name)
      for (const { embedder, subject } of subjects)
        await subject.ask(
          asked.filter((query) => isAsked(query, embedder)),
          (query) => isAskedInLegs(query, embedder),
        )
    }
    orThrow(await stores.close())
    return subjects.map(({ subject }) => subject.answers())
  } finally {
    await Promise.all([postgres.stop(), redis.stop()])
  }
}

/** The search with one embedder, and what it found. */
class Subject {
  readonly #search: CourseSearch
  readonly #inLegs: CourseSearch
  readonly #found: {
    readonly labelled: LabelledQuery
    readonly hybrid: readonly SearchHit[]
    readonly legs: readonly SearchHit[] | undefined
  }[] = []

  constructor(stores: Stores, { courses }: Repositories, embedder: Embedder) {
    const index = inMemoryVectorIndex({ dimensions: embedder.profile.dimensions })
    const options = { courses, embedder, index, legDeadlineMs: 60_000 }
    this.#search = createCourseSearch(stores, options)
    this.#inLegs = createCourseSearch(stores, {
      ...options,
      minSimilarity: embedder.ranking?.minSimilarity ?? floorOfLeg,
      denseWeight: 1,
    })
  }

  /** Indexes the courses that are new, then asks the queries, some of them of each leg too. */
  async ask(
    queries: readonly LabelledQuery[],
    isAskedInLegs: (query: LabelledQuery) => boolean,
  ): Promise<void> {
    if (queries.length === 0) return
    orThrow(await this.#search.index.reindexAll())
    for (let from = 0; from < queries.length; from += atOnce)
      this.#found.push(
        ...(await Promise.all(
          queries.slice(from, from + atOnce).map(async (labelled) => ({
            labelled,
            hybrid: await ask(this.#search, labelled.query),
            legs: isAskedInLegs(labelled) ? await ask(this.#inLegs, labelled.query) : undefined,
          })),
        )),
      )
  }

  answers(): Answers {
    const answer = (labelled: LabelledQuery, hits: readonly SearchHit[]): Answer => ({
      labelled,
      found: hits.map(({ course }) => course.title),
    })
    const ofLeg = (leg: Leg): Answer[] =>
      this.#found.flatMap(({ labelled, legs }) =>
        legs === undefined ? [] : [answer(labelled, byLeg(legs, leg))],
      )
    return {
      lexical: ofLeg('lexical'),
      dense: ofLeg('dense'),
      hybrid: this.#found.map(({ labelled, hybrid }) => answer(labelled, hybrid)),
    }
  }
}

async function createTeachers(
  { users }: Repositories,
  { instructors }: Collections,
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
): Promise<void> {
  for (const { instructor, ...course } of courses) {
    const { id } = orThrow(
      await repository.create({ ...course, instructorId: teachers.get(instructor) ?? 0 }),
    )
    orThrow(await repository.publish(id))
  }
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
