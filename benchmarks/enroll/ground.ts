import { connect, migrate, orThrow, type Stores } from '@headwater/core'
import {
  createRepositories,
  repositoriesMigrations,
  type EnrollmentRepository,
} from '@headwater/repositories'
import { startPostgresServer, startRedisServer } from '@headwater/testing'
import { Pool } from 'pg'

/**
 * Users and courses of the benchmark; ids begin at 1. Further courses are for those who all want
 * the same one, a new one each round.
 */
export const [users, courses, hotCourses] = [2_000, 1_000, 1_000]

/** Where both contestants work: the same servers, the same pool. */
export interface Ground {
  readonly pool: Pool
  readonly stores: Stores
  readonly enrollments: EnrollmentRepository
  close(): Promise<void>
}

/** Starts the servers and fills the tables. */
export async function openGround(): Promise<Ground> {
  const [postgres, redis] = await Promise.all([
    startPostgresServer(),
    startRedisServer({ onProgress: (line) => process.stderr.write(`${line}\n`) }),
  ])
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
      await Promise.all([postgres.stop(), redis.stop()])
    },
  }
}

const createPeople = `
  INSERT INTO users (email, username, password_hash)
  SELECT 'user' || n || '@example.com', 'user' || n, 'x' FROM generate_series(1, ${users}) AS n`

const createCourses = `
  INSERT INTO courses (title, description, instructor_id, category, price, is_published)
  SELECT 'Course ' || n, repeat('All about it. ', 20), 1, 'Mathematics', 49, true FROM generate_series(1, ${courses + hotCourses}) AS n`
