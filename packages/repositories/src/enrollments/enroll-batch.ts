import { err, isViolationOf, notFound } from '@headwater/core'
import type { NotFound, Result, TransactionError } from '@headwater/core'
import type { RepositoryContext } from '../context.ts'
import { write } from '../sql.ts'
import { enrollAll } from './enroll.ts'
import type { EnrollBatch, ValidEnrollRequest } from './enroll.ts'
import { alreadyEnrolled } from './enrollment.ts'
import type { AlreadyEnrolled, Enrollment, EnrollError } from './enrollment.ts'

/**
 * The answer to one request of a batch: its own result, or `course-locked` when nothing was done
 * because another transaction locks the course.
 */
export type BatchAnswer = Result<Enrollment, EnrollError> | 'course-locked'

/** A batch with a deadline. */
export interface TimedBatch extends EnrollBatch {
  /** Time from BEGIN to the end of COMMIT, in milliseconds. */
  readonly deadlineMs: number
}

/**
 * Runs a batch in one transaction and returns the answers in the order of its requests. When the
 * database refuses the batch because of one request, the batch is halved until that request stands
 * alone: no caller fails because of another's request. When the outcome of the commit cannot be
 * found out, every caller receives `commit-unknown`.
 *
 * Costs 3 PostgreSQL round trips and 2 of Redis for up to some 50 requests, however many courses
 * they are for.
 */
export async function runBatch(
  context: RepositoryContext,
  batch: TimedBatch,
): Promise<readonly BatchAnswer[]> {
  const { requests, deadlineMs } = batch
  const result = await write(context.stores, (tx) => enrollAll(tx, batch, context.caches), {
    deadlineMs,
  })
  if (result.isOk()) return result.value
  if (Array.isArray(result.error)) return result.error
  const failure: TransactionError = result.error
  if (requests.length === 1 || !isOneRequestsFault(failure))
    return requests.map((request) => err(constraintRefusal(failure, request)))
  const half = requests.length >> 1
  return [
    ...(await runBatch(context, { ...batch, requests: requests.slice(0, half) })),
    ...(await runBatch(context, { ...batch, requests: requests.slice(half) })),
  ]
}

/** Translates a violated constraint into the refusal it stands for; other failures stay. */
export function constraintRefusal<F extends { readonly type: string }>(
  failure: F,
  { userId, courseId }: Pick<ValidEnrollRequest, 'userId' | 'courseId'>,
): F | AlreadyEnrolled | NotFound {
  if (isViolationOf(failure, 'enrollments_user_id_course_id_key')) return alreadyEnrolled
  if (isViolationOf(failure, 'enrollments_user_id_fkey')) return notFound('user', userId)
  if (isViolationOf(failure, 'enrollments_course_id_fkey')) return notFound('course', courseId)
  return failure
}

/**
 * Whether another request of the batch may pass: a constraint, a value or a trigger of the host
 * refused this one.
 */
function isOneRequestsFault(failure: TransactionError): boolean {
  return (
    failure.type === 'constraint-violated' ||
    (failure.type === 'store-refused' && /^(?:22|P0)/.test(failure.code ?? ''))
  )
}
