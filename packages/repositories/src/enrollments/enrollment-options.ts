import { checkOptions, once, option, strictOptions } from '@headwater/core'
import * as z from 'zod/mini'

/** Limits on how simultaneous enrollments share transactions. */
export interface EnrollmentOptions {
  /**
   * Enrollments that one transaction makes, at most.
   *
   * @defaultValue `100`
   */
  readonly maxBatch?: number
  /**
   * Transactions of this process that enroll in several courses at once, at most; as many again may
   * wait for a course that another transaction locks. Each takes a connection of the pool.
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
 * The defaults of {@link EnrollmentOptions}. A hundred rows are inserted in a few milliseconds, for
 * which other callers wait for the course.
 */
export const enrollmentDefaults = {
  maxBatch: 100,
  maxTransactions: 3,
  deadlineMs: 5_000,
} as const satisfies Required<EnrollmentOptions>

const schema = once(() =>
  strictOptions<EnrollmentOptions>({
    maxBatch: option.count().check(z.maximum(1_000, 'expected 1,000 or fewer')),
    maxTransactions: option.count(),
    deadlineMs: option.durationMs(),
  }),
)

/**
 * Fills in the defaults.
 *
 * @throws InvalidOptions when an option breaks a rule.
 */
export function checkEnrollmentOptions(options: EnrollmentOptions): Required<EnrollmentOptions> {
  return checkOptions('createRepositories', z.object({ enrollments: schema() }), {
    enrollments: { ...enrollmentDefaults, ...options },
  }).enrollments
}
