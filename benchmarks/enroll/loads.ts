import type { Pool } from 'pg'
import type { Press } from './contestants.ts'
import { courses, users } from './ground.ts'

/** Callers at once, and how often they press in one round. */
export const [callers, presses] = [200, 1_000]

/**
 * What callers want. Each round asks for what none before it asked for, so that nothing has to be
 * cleared away in between.
 */
export interface Load {
  /** How many of a round's presses get a place. */
  readonly placesGiven: number
  /** Makes a round ready and gives back its presses. */
  round(pool: Pool, number: number): Promise<readonly Press[]>
}

/** Everybody wants the same course; every tenth finds it full. */
export const hot: Load = {
  placesGiven: presses * 0.9,
  async round(pool, number) {
    const courseId = courses + number + 1
    await pool.query('UPDATE courses SET max_students = $2 WHERE id = $1', [
      courseId,
      presses * 0.9,
    ])
    return Array.from({ length: presses }, (_, index) => ({ userId: index + 1, courseId }))
  },
}

/** Every one of the courses is wanted by one caller a round. */
export const spread: Load = {
  placesGiven: presses,
  round: async (_, number) =>
    Array.from({ length: presses }, (_, index) => ({
      userId: ((index + number * 7) % users) + 1,
      courseId: ((index * 7) % courses) + 1,
    })),
}
