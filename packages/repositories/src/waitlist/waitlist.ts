import { once, rowId } from '@headwater/core'
import type { Failure, InvalidInput, NotFound, SqlError, TransactionError } from '@headwater/core'
import * as z from 'zod/mini'
import type { AlreadyEnrolled, CourseNotPublished } from '../enrollments/enrollment.ts'
import { pageLimit } from '../input.ts'
import { cursorInput } from '../page.ts'

/** A user's place on the waiting list of a course. */
export interface WaitlistPlace {
  /** Id of the row. Places are in the order of their ids. */
  readonly id: number
  /** The user who waits. */
  readonly userId: number
  /** The course. */
  readonly courseId: number
  /** When the user joined. */
  readonly joinedAt: Date
  /**
   * When the offer of a seat ends, by the clock of PostgreSQL: until then `enroll` takes the seat.
   * `null` while the user waits.
   */
  readonly offerEndsAt: Date | null
}

/** A place, and how far it is from the front. */
export interface WaitlistStanding extends WaitlistPlace {
  /** Number of users ahead, those with an offer included. */
  readonly ahead: number
}

/** The user already is on the waiting list of the course. */
export type AlreadyWaiting = Failure<'already-waiting'>

/** The user is not on the waiting list of the course. */
export type NotWaiting = Failure<'not-waiting'>

/** The course has a free seat: enroll. */
export type SeatsAvailable = Failure<'seats-available'>

/** The waiting list has reached its maximum length. */
export type WaitlistFull = Failure<'waitlist-full'>

/** Failures of joining a waiting list; `not-found` names the user or the course. */
export type JoinWaitlistError =
  | InvalidInput
  | NotFound
  | CourseNotPublished
  | AlreadyEnrolled
  | AlreadyWaiting
  | SeatsAvailable
  | WaitlistFull
  | TransactionError

/** Failures of leaving a waiting list; `not-found` names the course. */
export type LeaveWaitlistError = InvalidInput | NotFound | NotWaiting | TransactionError

/** Failures of reading waiting lists. */
export type ReadWaitlistError = InvalidInput | SqlError

/** The user is not on the waiting list of the course. */
export const notWaiting: NotWaiting = {
  type: 'not-waiting',
  message: 'the user is not on the waiting list of this course',
  retryable: false,
}

// Course or user, id of the place.
const cursorOf = (list: string) => cursorInput(list, z.tuple([rowId(), rowId()]))
const anotherList = { path: ['cursor'], message: 'belongs to the list of another user or course' }

/** Checks the page of a course's waiting list to read. */
export const courseWaitlistInput = once(() =>
  z
    .strictObject({ courseId: rowId(), limit: pageLimit(), cursor: cursorOf('waitlist-of-course') })
    .check(
      z.refine(
        ({ courseId, cursor }) => cursor === undefined || cursor[0] === courseId,
        anotherList,
      ),
    ),
)

/** Checks the page of a user's places to read. */
export const userWaitlistInput = once(() =>
  z
    .strictObject({ userId: rowId(), limit: pageLimit(), cursor: cursorOf('waitlist-of-user') })
    .check(
      z.refine(({ userId, cursor }) => cursor === undefined || cursor[0] === userId, anotherList),
    ),
)
