import { connect, migrate, orThrow, type Stores } from '@headwater/core'
import {
  createRepositories,
  repositoriesMigrations,
  type Page,
  type PageOptions,
  type Repositories,
} from '@headwater/repositories'
import type { Bench } from '../measure/bench.ts'
import { say } from '../measure/say.ts'

/** Students of the two courses: the first 100 are in both. */
export const [few, many] = [100, 100_000]

/** A small and a big course, with the same repositories. */
export interface GrowthFixture {
  readonly stores: Stores
  readonly repositories: Repositories
  readonly smallId: number
  readonly bigId: number
  close(): Promise<void>
}

/** Connects and fills the tables. */
export async function openGrowthFixture({
  postgres,
  redis,
}: Pick<Bench, 'postgres' | 'redis'>): Promise<GrowthFixture> {
  const stores = orThrow(
    await connect({ postgres: { url: postgres.url }, redis: { url: redis.url } }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations] }))
  say(`enrolling ${many} students`)
  for (const statement of [createUsers, createCourses, createEnrollments, 'VACUUM ANALYZE'])
    orThrow(await stores.postgres.query(statement))
  return {
    stores,
    repositories: createRepositories(stores),
    smallId: 1,
    bigId: 2,
    close: async () => {
      orThrow(await stores.close())
    },
  }
}

/** The cursors of some pages: the first one, and others up to the last of the list. */
export async function cursorsOf(
  list: (options: PageOptions) => PromiseLike<Page<unknown>>,
  { length, pages }: { readonly length: number; readonly pages: number },
): Promise<readonly (string | undefined)[]> {
  const limit = Math.min(200, length / pages)
  const [cursors, every]: [(string | undefined)[], number] = [[undefined], length / limit / pages]
  let cursor: string | undefined
  for (let page = 1; page < length / limit; page += 1) {
    cursor = (await list({ cursor, limit })).nextCursor ?? undefined
    if (page % every === 0) cursors.push(cursor)
  }
  return cursors
}

const createUsers = `
  INSERT INTO @schema.users (email, username, password_hash)
  SELECT 'user' || n || '@example.com', 'user' || n, 'x'
  FROM generate_series(1, ${many}) AS n`

const createCourses = `
  INSERT INTO @schema.courses (title, instructor_id, price, is_published, current_enrollment)
  VALUES ('Small', 1, 49, true, ${few}), ('Big', 1, 49, true, ${many})`

// In no order of the ids: pages newest first meet users as they come.
const createEnrollments = `
  INSERT INTO @schema.enrollments (user_id, course_id, enrolled_at)
  SELECT u.id, c.id, now() - (hashint4(u.id) & 1048575) * interval '1 second'
  FROM @schema.courses AS c
  JOIN @schema.users AS u ON u.id <= c.current_enrollment
  ORDER BY hashint4(u.id + c.id)`
