import { isViolationOf, notFound, validate } from '@headwater/core'
import type { CallOptions, ReadOptions, ResultAsync } from '@headwater/core'
import type { RepositoryContext } from '../context.ts'
import { enrollmentKeyInput } from '../enrollments/enrollment.ts'
import type { EnrollmentKey } from '../enrollments/enrollment.ts'
import { encodeCursor, toPage } from '../page.ts'
import type { Page, PageOptions } from '../page.ts'
import { read, write } from '../sql.ts'
import { splitOptions } from '../split-options.ts'
import { joinWaitlist } from './join-waitlist.ts'
import { leaveWaitlist } from './leave-waitlist.ts'
import {
  selectPlacesOfCourse,
  selectPlacesOfUser,
  selectStanding,
  toPlace,
  toStanding,
} from './waitlist-queries.ts'
import type { PlaceRow, StandingRow } from './waitlist-queries.ts'
import { courseWaitlistInput, userWaitlistInput } from './waitlist.ts'
import type {
  JoinWaitlistError,
  LeaveWaitlistError,
  ReadWaitlistError,
  WaitlistPlace,
  WaitlistStanding,
} from './waitlist.ts'

/**
 * Waiting lists of full courses, first come first served. The transaction that frees a seat, or
 * adds one, offers it to the next user and publishes `waitlist.offered`. Until the offer ends, that
 * user alone can take the seat, with `enrollments.enroll`. An offer that ends publishes
 * `waitlist.lapsed`, and the seat goes to the next.
 *
 * Every comparison of times is made by PostgreSQL. A clock that is set back makes no offer last
 * longer than twice its length; no clock sells a seat twice.
 */
export class WaitlistRepository {
  readonly #context: RepositoryContext

  /** @internal */
  constructor(context: RepositoryContext) {
    this.#context = context
  }

  /**
   * Joins the waiting list of a full course at its end and publishes `waitlist.joined`. Where a
   * seat is free, the result is `seats-available`. After `deadline-exceeded` or `commit-unknown` it
   * is safe to join again, and `already-waiting` then tells that the user had joined.
   *
   * Costs 3 PostgreSQL round trips; 4, and 2 of Redis, where others wait.
   */
  join(
    place: EnrollmentKey,
    options?: CallOptions,
  ): ResultAsync<WaitlistStanding, JoinWaitlistError> {
    return validate(enrollmentKeyInput(), place).asyncAndThen((input) =>
      write(this.#context.stores, (tx) => joinWaitlist(tx, input, this.#context), options).mapErr(
        (failure) =>
          isViolationOf(failure, 'waitlist_user_id_fkey')
            ? notFound('user', input.userId)
            : failure,
      ),
    )
  }

  /**
   * Leaves a waiting list, or declines an offer, whose seat then goes to the next user. Publishes
   * `waitlist.left`. Costs 4 PostgreSQL round trips and 2 of Redis.
   */
  leave(place: EnrollmentKey, options?: CallOptions): ResultAsync<void, LeaveWaitlistError> {
    return validate(enrollmentKeyInput(), place).asyncAndThen((input) =>
      write(this.#context.stores, (tx) => leaveWaitlist(tx, input, this.#context), options),
    )
  }

  /**
   * Reads a user's place and the number of users ahead; `undefined` when the user does not wait.
   * Not cached: 1 PostgreSQL round trip.
   */
  get(
    place: EnrollmentKey,
    options?: ReadOptions,
  ): ResultAsync<WaitlistStanding | undefined, ReadWaitlistError> {
    return validate(enrollmentKeyInput(), place)
      .asyncAndThen(({ userId, courseId }) =>
        read<StandingRow>(this.#context.stores, [selectStanding, [userId, courseId]], options),
      )
      .map(({ rows: [row] }) => row && toStanding(row))
  }

  /**
   * Lists the waiting list of a course, first come first; empty for a course that does not exist.
   * Not cached: 1 PostgreSQL round trip.
   */
  listForCourse(
    courseId: number,
    options: PageOptions & ReadOptions = {},
  ): ResultAsync<Page<WaitlistPlace>, ReadWaitlistError> {
    const { call, asked } = splitOptions(options, 'tx', 'signal')
    return validate(courseWaitlistInput(), { ...asked, courseId }).asyncAndThen(
      ({ cursor, limit }) =>
        read<PlaceRow>(
          this.#context.stores,
          [selectPlacesOfCourse, [courseId, cursor?.[1], limit + 1]],
          call,
        ).map(({ rows }) =>
          toPage(rows.map(toPlace), limit, (last) =>
            encodeCursor('waitlist-of-course', [courseId, last.id]),
          ),
        ),
    )
  }

  /**
   * Lists the places of a user in all courses, newest first; empty for a user who does not exist.
   * Not cached: 1 PostgreSQL round trip.
   */
  listForUser(
    userId: number,
    options: PageOptions & ReadOptions = {},
  ): ResultAsync<Page<WaitlistPlace>, ReadWaitlistError> {
    const { call, asked } = splitOptions(options, 'tx', 'signal')
    return validate(userWaitlistInput(), { ...asked, userId }).asyncAndThen(({ cursor, limit }) =>
      read<PlaceRow>(
        this.#context.stores,
        [selectPlacesOfUser, [userId, cursor?.[1], limit + 1]],
        call,
      ).map(({ rows }) =>
        toPage(rows.map(toPlace), limit, (last) =>
          encodeCursor('waitlist-of-user', [userId, last.id]),
        ),
      ),
    )
  }
}
