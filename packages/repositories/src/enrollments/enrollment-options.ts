import { z } from 'zod'

/** How enrollments that are asked for at the same time share transactions. */
export interface EnrollmentOptions {
  /**
   * How many enrollments one transaction makes at most.
   *
   * @defaultValue `100`
   */
  readonly maxBatch?: number
  /**
   * How many transactions of this process enroll in several courses at once, and how many more wait
   * for a course that somebody else keeps. Each takes a connection of the pool.
   *
   * @defaultValue `3`
   */
  readonly maxTransactions?: number
  /**
   * Time for an enrollment, the wait for its turn included, in milliseconds.
   *
   * @defaultValue `5_000`
   */
  readonly deadlineMs?: number
}

/**
 * The defaults of {@link EnrollmentOptions}. A hundred rows are inserted in a few milliseconds, the
 * time that others wait for the course.
 */
export const enrollmentDefaults = {
  maxBatch: 100,
  maxTransactions: 3,
  deadlineMs: 5_000,
} as const satisfies Required<EnrollmentOptions>

const optionsInput = z.strictObject({
  maxBatch: z.int().min(1).max(1_000),
  maxTransactions: z.int().min(1),
  deadlineMs: z.number().positive(),
})

/**
 * Fills the defaults in.
 *
 * @throws TypeError when an option breaks a rule.
 */
export function checkEnrollmentOptions(options: EnrollmentOptions): Required<EnrollmentOptions> {
  const checked = optionsInput.safeParse({ ...enrollmentDefaults, ...options })
  if (!checked.success)
    throw new TypeError(`options of enrollments: ${z.prettifyError(checked.error)}`)
  return checked.data
}
