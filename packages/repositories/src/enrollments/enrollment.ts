import { money, rowId, storableText } from '@headwater/core'
import type {
  CacheReadError,
  Failure,
  InvalidInput,
  MoneyInput,
  NotFound,
  SqlError,
  TransactionError,
} from '@headwater/core'
import { z } from 'zod'
import type { Course } from '../courses/course.ts'
import { pageLimit } from '../input.ts'
import { cursorInput } from '../page.ts'

/** A user's place in a course. */
export interface Enrollment {
  /** Id of the row. */
  readonly id: number
  /** The student. */
  readonly userId: number
  /** The course. */
  readonly courseId: number
  /** When the student enrolled, or took the place over. */
  readonly enrolledAt: Date
  /** When progress reached 100 for the first time. */
  readonly completedAt: Date | null
  /** From 0 to 100. */
  readonly progress: number
}

/** An enrollment with its course. */
export interface EnrollmentWithCourse extends Enrollment {
  /** The course as it is now. */
  readonly course: Course
}

/** Which enrollment is meant. */
export interface EnrollmentKey {
  /** The student. */
  readonly userId: number
  /** The course. */
  readonly courseId: number
}

/** What enrolling takes. */
export interface EnrollRequest extends EnrollmentKey {
  /** How the place is paid for; absent: the full price, by no stated method. */
  readonly payment?: Payment | undefined
}

/** How a place is paid for. The price paid is the course's price − discount. */
export interface Payment {
  /** What the host calls the method, at most 50 characters, for instance `credit_card`. */
  readonly method: string
  /**
   * Taken off the price; not above it.
   *
   * @defaultValue `'0.00'`
   */
  readonly discount?: MoneyInput | undefined
}

/** What a transfer takes. */
export interface TransferRequest {
  /** The course. */
  readonly courseId: number
  /** The student who gives the place. */
  readonly fromUserId: number
  /** The user who receives it. */
  readonly toUserId: number
}

/** How far a student has come. */
export interface ProgressReport extends EnrollmentKey {
  /** Whole percent from 0 to 100. */
  readonly progress: number
}

/** All places of the course are taken. */
export type CourseFull = Failure<'course-full'>

/** The user has a place in the course already. */
export type AlreadyEnrolled = Failure<'already-enrolled'>

/** The course is not published. */
export type CourseNotPublished = Failure<'course-not-published'>

/** The user has no place in the course. */
export type NotEnrolled = Failure<'not-enrolled'>

/** What can go wrong with enrolling; `not-found` speaks of the user or of the course. */
export type EnrollError =
  InvalidInput | NotFound | CourseNotPublished | AlreadyEnrolled | CourseFull | TransactionError

/** What can go wrong with withdrawing; `not-found` speaks of the course. */
export type WithdrawError = InvalidInput | NotFound | NotEnrolled | TransactionError

/** What can go wrong with a transfer; `not-found` speaks of the receiver or of the course. */
export type TransferError =
  InvalidInput | NotFound | NotEnrolled | AlreadyEnrolled | TransactionError

/** What can go wrong with recording progress. */
export type ProgressError = InvalidInput | NotEnrolled | TransactionError

/** What can go wrong with reading a user's enrollments. */
export type ReadEnrollmentsError = InvalidInput | CacheReadError

/** What can go wrong with listing a course's enrollments. */
export type ListEnrollmentsError = InvalidInput | SqlError

const key = { userId: rowId, courseId: rowId }
const cursorOf = (list: string) => cursorInput(list, z.tuple([rowId, rowId]))
const anotherList = { path: ['cursor'], message: 'is of the list of another user or course' }

/** Checks {@link EnrollmentKey}. */
export const enrollmentKeyInput = z.strictObject(key)

/** Checks {@link EnrollRequest}. */
export const enrollInput = z.strictObject({
  ...key,
  payment: z.strictObject({ method: storableText(50), discount: money.default('0.00') }).optional(),
})

/** Checks {@link TransferRequest}. */
export const transferInput = z
  .strictObject({ courseId: rowId, fromUserId: rowId, toUserId: rowId })
  .refine((request) => request.fromUserId !== request.toUserId, {
    path: ['toUserId'],
    message: 'must be another user than fromUserId',
  })

/** Checks {@link ProgressReport}. */
export const progressInput = z.strictObject({ ...key, progress: z.int().min(0).max(100) })

/** Checks which of a user's enrollments to list. */
export const userEnrollmentsInput = z
  .strictObject({ userId: rowId, limit: pageLimit, cursor: cursorOf('enrollments-of-user') })
  .refine(({ userId, cursor }) => cursor === undefined || cursor[0] === userId, anotherList)

/** Checks which of a course's enrollments to list. */
export const courseEnrollmentsInput = z
  .strictObject({ courseId: rowId, limit: pageLimit, cursor: cursorOf('enrollments-of-course') })
  .refine(({ courseId, cursor }) => cursor === undefined || cursor[0] === courseId, anotherList)
