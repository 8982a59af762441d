import { connect, migrate, orThrow, type Stores } from '@headwater/core'
import {
  createRepositories,
  repositoriesMigrations,
  type EnrollmentRepository,
} from '@headwater/repositories'
import { Pool } from 'pg'
import type { Bench } from '../measure/bench.ts'

/**
 * Users and courses of the benchmark; ids begin at 1. Each round of the hot load takes a hot course
 * of its own.
 */
export const [users, courses, hotCourses] = [2_000, 1_000, 1_000]

/** The tables and the pool that both contestants work on. */
export interface EnrollFixture {
  readonly pool: Pool
  readonly stores: Stores
  readonly enrollments: EnrollmentRepository
  close(): Promise<void>
}

/** Connects and fills the tables. */
export async function openEnrollFixture({
  postgres,
  redis,
}: Pick<Bench, 'postgres' | 'redis'>): Promise<EnrollFixture> {
  const pool = new Pool({ connectionString: postgres.url, max: 10 })
  pool.on('error', () => undefined)
  const stores = orThrow(await connect({ postgres: { pool }, redis: { url: redis.url } }))
  orThrow(await migrate(stores, { sets: [repositoriesMigrations] }))
  await pool.query(createPeople)
  await pool.query(createCourses)
  await pool.query('VACUUM ANALYZE')
  return {
    pool,
    stores,
    enrollments: createRepositories(stores).enrollments,
    close: async () => {
      orThrow(await stores.close())
      await pool.end()
    },
  }
}

const createPeople = `
  INSERT INTO users (email, username, password_hash)
  SELECT 'user' || n || '@example.com', 'user' || n, 'x'
  FROM generate_series(1, ${users}) AS n`

const createCourses = `
  INSERT INTO courses (title, description, instructor_id, category, price, is_published)
  SELECT 'Course ' || n, repeat('All about it. ', 20), 1, 'Mathematics', 49, true
  FROM generate_series(1, ${courses + hotCourses}) AS n`
