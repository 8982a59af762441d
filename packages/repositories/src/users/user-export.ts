import type { InvalidInput, Json, Money, NotFound, SqlError, StoreError } from '@headwater/core'
import type { ActivityRecord } from '../activity/activity.ts'
import type { Enrollment } from '../enrollments/enrollment.ts'
import type { WaitlistPlace } from '../waitlist/waitlist.ts'
import type { User } from './user.ts'
import type { EncryptionFailed } from '../encryption/encryption-failed.ts'

/** All that is known of a user. `JSON.stringify` makes a file of it. */
export interface UserExport {
  /** The profile. */
  readonly profile: User
  /** Seats, by id. */
  readonly enrollments: readonly Enrollment[]
  /** Places on waiting lists, newest first. */
  readonly waitlist: readonly WaitlistPlace[]
  /** Payments and refunds, those of ended enrollments among them, by moment. */
  readonly payments: readonly ExportedPayment[]
  /** Ids of the courses that the user teaches. */
  readonly teaches: readonly number[]
  /** Live sessions, newest first. */
  readonly sessions: readonly ExportedSession[]
  /** Recorded activity, oldest first. */
  readonly activity: readonly ActivityRecord[]
  /** Documents of `search_logs`, oldest first. */
  readonly searches: readonly object[]
  /** Documents of `enrollment_events`, oldest first. */
  readonly enrollmentEvents: readonly object[]
}

/** A payment or a refund. */
export interface ExportedPayment {
  /** The enrollment. */
  readonly enrollmentId: number
  /** The course. */
  readonly courseId: number
  /** Which of the two. */
  readonly kind: 'payment' | 'refund'
  /** The amount; negative for a refund. */
  readonly amount: Money
  /** The discount; `null` for a refund. */
  readonly discount: Money | null
  /** The currency, three letters. */
  readonly currency: string | null
  /** The host's name of the method. */
  readonly method: string | null
  /** The host's id of the order. */
  readonly orderId: string | null
  /** When it happened. */
  readonly happenedAt: Date | null
}

/** A live session, without what identifies it. */
export interface ExportedSession {
  /** The host's own data. */
  readonly data: Json
  /** When it began. */
  readonly createdAt: Date
  /** When it ends unless it is used. */
  readonly expiresAt: Date
}

/** Failures of an export; each leaves everything as it is. */
export type ExportUserError = InvalidInput | NotFound | EncryptionFailed | SqlError | StoreError
