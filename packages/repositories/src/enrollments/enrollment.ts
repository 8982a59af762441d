import { money, once, rowId, storableText } from '@headwater/core'
import type {
  CacheReadError,
  Failure,
  InvalidInput,
  Money,
  MoneyInput,
  NotFound,
  SqlError,
  TransactionError,
} from '@headwater/core'
import * as z from 'zod/mini'
import type { Course } from '../courses/course.ts'
import { pageLimit } from '../input.ts'
import { cursorInput } from '../page.ts'

/** A user's seat in a course. */
export interface Enrollment {
  /** Id of the row. */
  readonly id: number
  /** The student. */
  readonly userId: number
  /** The course. */
  readonly courseId: number
  /** When the student enrolled, or received the seat in a transfer. */
  readonly enrolledAt: Date
  /** When progress reached 100 for the first time. */
  readonly completedAt: Date | null
  /** Whole percent from 0 to 100. */
  readonly progress: number
}

/** An enrollment with its course. */
export interface EnrollmentWithCourse extends Enrollment {
  /** The course as it is now. */
  readonly course: Course
}

/** The user and the course of an enrollment. */
export interface EnrollmentKey {
  /** The student. */
  readonly userId: number
  /** The course. */
  readonly courseId: number
}

/** A request for a seat. */
export interface EnrollRequest extends EnrollmentKey {
  /** The price that the user was shown; any other price of the course is `price-changed`. */
  readonly expectedPrice?: MoneyInput | undefined
  /** Payment of the seat. Absent: the full price, by no stated method. */
  readonly payment?: Payment | undefined
}

/** Payment of a seat. The price paid is the course's price less the discount. */
export interface Payment {
  /** The host's name of the method, at most 50 characters, for instance `credit_card`. */
  readonly method: string
  /**
   * Amount taken off the price; not above it.
   *
   * @defaultValue `'0.00'`
   */
  readonly discount?: MoneyInput | undefined
  /** Currency of the amounts, as three letters of ISO 4217, for instance `EUR`. */
  readonly currency?: string | undefined
  /** The host's id of the order, at most 100 characters. */
  readonly orderId?: string | undefined
}

/** A request to release a seat. */
export interface WithdrawRequest extends EnrollmentKey {
  /**
   * Amount refunded; not above the price paid.
   *
   * @defaultValue the price paid
   */
  readonly refund?: MoneyInput | undefined
}

/** A request to transfer a seat. */
export interface TransferRequest {
  /** The course. */
  readonly courseId: number
  /** The student who gives the seat. */
  readonly fromUserId: number
  /** The user who receives it. */
  readonly toUserId: number
}

/** A report of a student's progress. */
export interface ProgressReport extends EnrollmentKey {
  /** Whole percent from 0 to 100. */
  readonly progress: number
}

/** All seats of the course are taken. */
export type CourseFull = Failure<'course-full'>

/** The user already has a seat in the course. */
export type AlreadyEnrolled = Failure<'already-enrolled'>

/** The course has another price than the user was shown. */
export interface PriceChanged extends Failure<'price-changed'> {
  /** The price now. */
  readonly price: Money
}

/** The course is not published. */
export type CourseNotPublished = Failure<'course-not-published'>

/** The user has no seat in the course. */
export type NotEnrolled = Failure<'not-enrolled'>

/** Failures of enrolling; `not-found` names the user or the course. */
export type EnrollError =
  | InvalidInput
  | NotFound
  | CourseNotPublished
  | AlreadyEnrolled
  | PriceChanged
  | CourseFull
  | TransactionError

/** Failures of withdrawing; `not-found` names the course. */
export type WithdrawError = InvalidInput | NotFound | NotEnrolled | TransactionError

/** Failures of a transfer; `not-found` names the receiver or the course. */
export type TransferError =
  InvalidInput | NotFound | NotEnrolled | AlreadyEnrolled | TransactionError

/** Failures of recording progress. */
export type ProgressError = InvalidInput | NotEnrolled | TransactionError

/** Failures of reading a user's enrollments. */
export type ReadEnrollmentsError = InvalidInput | CacheReadError

/** Failures of listing a course's enrollments. */
export type ListEnrollmentsError = InvalidInput | SqlError

/** The user has no seat in the course. */
export const notEnrolled: NotEnrolled = {
  type: 'not-enrolled',
  message: 'the user has no seat in this course',
  retryable: false,
}

/** The user already has a seat in the course. */
export const alreadyEnrolled: AlreadyEnrolled = {
  type: 'already-enrolled',
  message: 'the user already has a seat in this course',
  retryable: false,
}

/** The course is not published. */
export function courseNotPublished(courseId: number): CourseNotPublished {
  return {
    type: 'course-not-published',
    message: `course ${courseId} is not published`,
    retryable: false,
  }
}

const key = once(() => ({ userId: rowId(), courseId: rowId() }))
// Course or user, time of the enrollment, id of the enrollment.
const time = once(() => z.union([z.int(), z.string().check(z.regex(/^\d{1,17}$/))]))
const cursorOf = (list: string) => cursorInput(list, z.tuple([rowId(), time(), rowId()]))
const anotherList = { path: ['cursor'], message: 'belongs to the list of another user or course' }

/** Checks {@link EnrollmentKey}. */
export const enrollmentKeyInput = once(() => z.strictObject(key()))

/** Checks {@link EnrollRequest}. */
export const enrollInput = once(() =>
  z.strictObject({
    ...key(),
    expectedPrice: z.optional(money()),
    payment: z.optional(
      z.strictObject({
        method: storableText(50),
        discount: z._default(money(), '0.00'),
        currency: z.optional(
          z.string().check(z.regex(/^[A-Z]{3}$/, 'must be three letters of ISO 4217')),
        ),
        orderId: z.optional(storableText(100)),
      }),
    ),
  }),
)

/** Checks {@link WithdrawRequest}. */
export const withdrawInput = once(() => z.strictObject({ ...key(), refund: z.optional(money()) }))

/** Checks {@link TransferRequest}. */
export const transferInput = once(() =>
  z.strictObject({ courseId: rowId(), fromUserId: rowId(), toUserId: rowId() }).check(
    z.refine((request) => request.fromUserId !== request.toUserId, {
      path: ['toUserId'],
      message: 'must be another user than fromUserId',
    }),
  ),
)

/** Checks {@link ProgressReport}. */
export const progressInput = once(() =>
  z.strictObject({ ...key(), progress: z.int().check(z.minimum(0), z.maximum(100)) }),
)

/** Checks the page of a user's enrollments to list. */
export const userEnrollmentsInput = once(() =>
  z
    .strictObject({ userId: rowId(), limit: pageLimit(), cursor: cursorOf('enrollments-of-user') })
    .check(
      z.refine(({ userId, cursor }) => cursor === undefined || cursor[0] === userId, anotherList),
    ),
)

/** Checks the page of a course's enrollments to list. */
export const courseEnrollmentsInput = once(() =>
  z
    .strictObject({
      courseId: rowId(),
      limit: pageLimit(),
      cursor: cursorOf('enrollments-of-course'),
    })
    .check(
      z.refine(
        ({ courseId, cursor }) => cursor === undefined || cursor[0] === courseId,
        anotherList,
      ),
    ),
)
