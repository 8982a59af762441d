import { connect, migrate, orThrow, type Stores } from '@headwater/core'
import { repositoriesMigrations } from '@headwater/repositories'
import { searchMigrations } from '@headwater/search'
import { readCatalogue } from '../../examples/catalogue/src/index.ts'
import type { Bench } from '../measure/bench.ts'
import { say } from '../measure/say.ts'

const perStatement = 50_000
/** Seats of every course; the fiftieth ones have some left. */
const seats = 10

/** Connects to a schema of its own with so many users and courses, and searches of them. */
export async function openBigTables(
  { postgres, redis }: Pick<Bench, 'postgres' | 'redis'>,
  size: number,
): Promise<Stores> {
  const schema = `rows_${size}`
  const stores = orThrow(
    await connect({
      postgres: { url: postgres.url, schema, statementTimeoutMs: 600_000 },
      redis: { url: redis.url, keyPrefix: `${schema}:` },
    }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations] }))
  say(`creating ${size} users and courses`)
  const { courses } = await readCatalogue()
  const texts = [courses.map(({ title }) => title), courses.map((course) => course.description)]
  orThrow(await stores.postgres.query(createUsers, [size]))
  for (let first = 1; first <= size; first += perStatement) {
    const last = Math.min(size, first + perStatement - 1)
    orThrow(await stores.postgres.query(createCourses, [first, last, ...texts]))
  }
  orThrow(await migrate(stores, { sets: [searchMigrations] }))
  for (const table of ['users', 'courses', 'search_words'])
    orThrow(await stores.postgres.query(`ANALYZE @schema.${table}`))
  return stores
}

const createUsers = `
  INSERT INTO @schema.users (email, username, password_hash)
  SELECT 'user' || n || '@example.com', 'user' || n, 'x'
  FROM generate_series(1, $1::integer) AS n`

// Titles and descriptions of the sample catalogue in new pairs.
const createCourses = `
  INSERT INTO @schema.courses (
    title, description, instructor_id, category, difficulty_level, price, is_published,
    max_students, current_enrollment
  )
  SELECT ($3::text[])[n % 299 + 1] || ', lesson ' || n, ($4::text[])[n * 7 % 311 + 1],
         n % 100 + 1, 'category ' || n % 20, (ARRAY['beginner', 'advanced'])[n % 2 + 1], n % 200,
         n % 10 <> 0, ${seats}, CASE WHEN n % 50 = 1 THEN n % 9 ELSE ${seats} END
  FROM generate_series($1::integer, $2::integer) AS n`
