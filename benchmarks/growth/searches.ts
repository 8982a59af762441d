import { connect, migrate, orThrow, type Stores } from '@headwater/core'
import { createRepositories, repositoriesMigrations } from '@headwater/repositories'
import {
  createCourseSearch,
  hashingEmbedder,
  inMemoryVectorIndex,
  searchMigrations,
} from '@headwater/search'
import { readCatalogue } from '../../examples/catalogue/src/index.ts'
import { alternate, type Contestant } from '../measure/alternate.ts'
import type { Bench } from '../measure/bench.ts'
import { say } from '../measure/say.ts'

/** Courses of the two catalogues. */
const [few, many] = [1_000, 100_000]
const courseBatch = 10_000

const ordinary = ['guitar', 'python', 'kubernetes', 'french grammar', 'machine learning']
const commonest = ['course', 'lesson']

/**
 * The cost of a search by words over 100,000 courses as a multiple of one over 1,000, in rounds
 * that take turns. Nothing is cached but the courses themselves, and the vector index is empty.
 */
export async function searchFigures(servers: Pick<Bench, 'postgres' | 'redis'>) {
  const [small, big] = [await openCatalogue(servers, few), await openCatalogue(servers, many)]
  try {
    return {
      searchGrowth: await growthOf('words', ordinary, { small, big }),
      searchCommonestGrowth: await growthOf('commonest words', commonest, { small, big }),
    }
  } finally {
    for (const stores of [small, big]) orThrow(await stores.close())
  }
}

async function openCatalogue(
  { postgres, redis }: Pick<Bench, 'postgres' | 'redis'>,
  size: number,
): Promise<Stores> {
  const schema = `courses_${size}`
  const stores = orThrow(
    await connect({
      postgres: { url: postgres.url, schema },
      redis: { url: redis.url, keyPrefix: `${schema}:` },
    }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations] }))
  say(`creating ${size} courses`)
  const { courses } = await readCatalogue()
  orThrow(await stores.postgres.query(createTeacher))
  for (let from = 0; from < size; from += courseBatch)
    orThrow(
      await stores.postgres.query(createCourses, [
        courses.map(({ title }) => title),
        courses.map(({ description }) => description),
        from,
        Math.min(size, from + courseBatch),
      ]),
    )
  orThrow(await migrate(stores, { sets: [searchMigrations] }))
  orThrow(await stores.postgres.query('ANALYZE @schema.search_words'))
  return stores
}

interface Catalogues {
  readonly small: Stores
  readonly big: Stores
}

async function growthOf(
  name: string,
  queries: readonly string[],
  { small, big }: Catalogues,
): Promise<number> {
  const { oursUs, theirsUs, timesFaster } = await alternate(
    { ours: searcher(small, queries), theirs: searcher(big, queries), operations: queries.length },
    { warmUps: 10, alternations: 31 },
  )
  say(`search, ${name}: ${Math.round(oursUs)} µs at ${few}, ${Math.round(theirsUs)} at ${many}`)
  return timesFaster
}

/** Each round has a search of its own, with a ranking of its own, which no other has cached. */
function searcher(stores: Stores, queries: readonly string[]): Contestant {
  const { courses } = createRepositories(stores)
  const [embedder, index] = [hashingEmbedder(), inMemoryVectorIndex()]
  let denseWeight = 1
  return () => {
    denseWeight += 0.001
    const search = createCourseSearch(stores, { courses, embedder, index, denseWeight })
    return async () => {
      for (const query of queries) {
        const { hits, isCached } = orThrow(await search.search(query))
        if (isCached || hits.length === 0)
          throw new Error(`${query} was cached or found nothing: this is no measurement`)
      }
    }
  }
}

const createTeacher = `
  INSERT INTO @schema.users (email, username, password_hash) VALUES ('t@example.com', 't', 'x')`

// Titles and descriptions of the sample catalogue in new pairs; every one is a course of lessons.
const createCourses = `
  INSERT INTO @schema.courses (title, description, instructor_id, price, is_published)
  SELECT ($1::text[])[n % 299 + 1] || ', lesson ' || n, ($2::text[])[n * 7 % 311 + 1] || ' A course.',
         1, 49, true
  FROM generate_series($3::integer + 1, $4::integer) AS n`
