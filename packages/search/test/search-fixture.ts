import { connect, createRelay, migrate, orThrow } from '@headwater/core'
import type { ConnectOptions, Stores } from '@headwater/core'
import { createRepositories, repositoriesMigrations } from '@headwater/repositories'
import type { Course, CourseRepository, NewCourse, Repositories } from '@headwater/repositories'
import { isolate, startOpenaiStandIn, startPineconeStandIn } from '@headwater/testing'
import type { IsolatedStores, OpenaiStandIn, PineconeStandIn } from '@headwater/testing'
import {
  createCourseSearch,
  openaiEmbedder,
  pineconeIndex,
  searchMigrations,
} from '@headwater/search'
import type {
  CourseSearch,
  CourseSearchOptions,
  LoggedClick,
  LoggedPage,
  LoggedSearch,
  SearchLog,
  SearchOptions,
  SearchResult,
  VectorIndex,
} from '@headwater/search'
import { inject } from 'vitest'

/** Short vectors keep the tests quick; nothing depends on the length. */
export const dimensions = 256

type Parts = IsolatedStores<'postgres' | 'redis'>

export interface SearchFixtureOptions {
  /** Changes where the stores are, for instance to a fault proxy. */
  readonly connect?: (
    options: ConnectOptions,
    parts: Parts,
  ) => ConnectOptions | Promise<ConnectOptions>
  readonly search?: Partial<CourseSearchOptions>
  /** Length of the vectors that Pinecone's index takes. */
  readonly indexDimensions?: number
  /** Whether PostgreSQL compares spellings by trigrams. */
  readonly migrations?: 'with-trigrams' | 'without-trigrams'
}

export interface SearchFixture {
  readonly stores: Stores
  readonly courses: CourseRepository
  readonly repositories: Repositories
  readonly search: CourseSearch
  readonly index: VectorIndex
  readonly pinecone: PineconeStandIn
  readonly openai: OpenaiStandIn
  /** Every search that was logged. */
  readonly logged: readonly LoggedSearch[]
  /** Every click that was logged. */
  readonly pages: readonly LoggedPage[]
  readonly clicked: readonly LoggedClick[]
  /** The search of a further process on the same stores. */
  openAnother(options?: Partial<CourseSearchOptions>): CourseSearch
  /** The id of a further instructor. */
  instructor(username: string): Promise<number>
  /** A published course, not yet indexed. */
  publish(course?: Partial<NewCourse>): Promise<Course>
  /** Delivers all changes to the index; later ones wait for the next call. */
  sync(): Promise<void>
  find(query: string, options?: SearchOptions): Promise<SearchResult>
  titles(query: string, options?: SearchOptions): Promise<string[]>
  dispose(): Promise<void>
}

/** A machine that is busy with other tests does not look like an outage of Redis. */
const patient: NonNullable<SearchFixtureOptions['connect']> = ({ redis, ...options }) => ({
  ...options,
  redis: { ...redis, deadlineMs: 10_000 },
})

export async function openSearchFixture({
  connect: change = patient,
  search: searchOptions = {},
  migrations = 'with-trigrams',
  indexDimensions = dimensions,
}: SearchFixtureOptions = {}): Promise<SearchFixture> {
  const { postgres, redis } = inject('stack')
  const parts: Parts = await isolate({ postgres, redis })
  const pinecone = await startPineconeStandIn({
    indexes: [{ name: 'course-search', dimension: indexDimensions }],
  })
  const openai = await startOpenaiStandIn()
  const stores = orThrow(
    await connect(
      await change(
        {
          postgres: { url: parts.postgres.url },
          redis: { url: parts.redis.url, keyPrefix: parts.redis.prefix },
          pinecone: {
            apiKey: pinecone.apiKey,
            controllerHostUrl: pinecone.url,
            index: 'course-search',
            // Longer than any leg has: a search that hands no deadline on is late.
            deadlineMs: 60_000,
          },
        },
        parts,
      ),
    ),
  )
  orThrow(
    await migrate(stores, {
      sets: [repositoriesMigrations, ...(migrations === 'with-trigrams' ? [searchMigrations] : [])],
    }),
  )
  const repositories = createRepositories(stores)
  const { courses } = repositories
  const logged: LoggedSearch[] = []
  const pages: LoggedPage[] = []
  const clicked: LoggedClick[] = []
  const activity: SearchLog = {
    logSearch: (search) => {
      logged.push(search)
    },
    logPage: (page) => pages.push(page),
    recordClick: (click) => clicked.push(click),
  }
  const index = pineconeIndex(stores, { namespace: 'courses', dimensions })
  const openSearch = (options: Partial<CourseSearchOptions> = {}): CourseSearch =>
    createCourseSearch(stores, {
      courses,
      index,
      activity,
      legDeadlineMs: 10_000,
      embedder: openaiEmbedder({
        apiKey: openai.apiKey,
        baseURL: openai.url,
        dimensions,
        diagnostics: stores.diagnostics,
      }),
      ...searchOptions,
      ...options,
    })
  const search = openSearch()
  const find = async (query: string, options?: SearchOptions): Promise<SearchResult> =>
    orThrow(await search.search(query, options))
  return {
    stores,
    courses,
    repositories,
    search,
    index,
    pinecone,
    openai,
    logged,
    pages,
    clicked,
    openAnother: openSearch,
    find,
    instructor: (username) => createInstructor(repositories, username),
    publish: createPublisher(repositories),
    sync: async () => {
      const relay = createRelay(stores, { sinks: search.sinks })
      orThrow(await relay.drain({ deadlineMs: 60_000 }))
      orThrow(await relay.stop({ deadlineMs: 60_000 }))
    },
    titles: async (query, options) =>
      (await find(query, options)).hits.map(({ course }) => course.title),
    dispose: async () => {
      orThrow(await stores.close({ deadlineMs: 60_000 }))
      await Promise.all([pinecone.stop(), openai.stop(), parts.dispose()])
    },
  }
}

async function createInstructor({ users }: Repositories, username: string): Promise<number> {
  const instructor = await users.create({
    email: `${username}@example.com`,
    username,
    passwordHash: 'x'.repeat(60),
    role: 'instructor',
  })
  return orThrow(instructor).id
}

function createPublisher(repositories: Repositories): SearchFixture['publish'] {
  const { courses } = repositories
  let instructor: Promise<number> | undefined
  return async (course = {}) => {
    instructor ??= createInstructor(repositories, 'teacher')
    const { id } = orThrow(
      await courses.create({
        title: 'Algebra',
        instructorId: await instructor,
        price: '49.00',
        ...course,
      }),
    )
    return orThrow(await courses.publish(id))
  }
}
