import type { Pool } from 'pg'
import type { Press } from './contestants.ts'
import { courses, users } from './enroll-fixture.ts'

/** Concurrent callers, and the presses of one round. */
export const [callers, presses] = [200, 1_000]

/**
 * A load on the courses. Each round enrolls pairs of users and courses that no earlier round
 * enrolled, so that nothing has to be cleared between rounds.
 */
export interface Load {
  /** Presses of a round that get a seat. */
  readonly seatsGiven: number
  /** Prepares a round and returns its presses. */
  round(pool: Pool, number: number): Promise<readonly Press[]>
}

/** All callers want the same course; every tenth finds it full. */
export const hot: Load = {
  seatsGiven: presses * 0.9,
  async round(pool, number) {
    const courseId = courses + number + 1
    await pool.query('UPDATE courses SET max_students = $2 WHERE id = $1', [
      courseId,
      presses * 0.9,
    ])
    return Array.from({ length: presses }, (_, index) => ({ userId: index + 1, courseId }))
  },
}

/** Each course is wanted by one caller a round. */
export const spread: Load = {
  seatsGiven: presses,
  round: async (_, number) =>
    Array.from({ length: presses }, (_, index) => ({
      userId: ((index + number * 7) % users) + 1,
      courseId: ((index * 7) % courses) + 1,
    })),
}
