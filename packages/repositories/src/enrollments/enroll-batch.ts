import { err, isViolationOf, notFound } from '@headwater/core'
import type { NotFound, Result, TransactionError } from '@headwater/core'
import type { RepositoryContext } from '../context.ts'
import { write } from '../sql.ts'
import { alreadyEnrolled, enrollAll } from './enroll.ts'
import type { EnrollBatch, ValidEnrollRequest } from './enroll.ts'
import type { AlreadyEnrolled, Enrollment, EnrollError } from './enrollment.ts'

/**
 * What a batch gives each of its requests: its own result, or nothing yet, because somebody else
 * keeps the course.
 */
export type BatchAnswer = Result<Enrollment, EnrollError> | 'course-kept'

/** A batch with the time it has. */
export interface TimedBatch extends EnrollBatch {
  /** From BEGIN to the end of COMMIT, in milliseconds. */
  readonly deadlineMs: number
}

/**
 * Runs a batch in one transaction and gives back the answers in the order of its requests. When the
 * database refuses the whole for the sake of one request, the batch is halved until that one stands
 * alone: nobody fails for what another asked. When the outcome of the commit cannot be found out,
 * everybody is told so.
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

/** Reads a constraint's name as what it says about a request. */
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
 * A constraint, a value, or a trigger of the host's that raised: another request may pass where
 * this one does not.
 */
function isOneRequestsFault(failure: TransactionError): boolean {
  return (
    failure.type === 'constraint-violated' ||
    (failure.type === 'store-refused' && /^(?:22|P0)/.test(failure.code ?? ''))
  )
}
