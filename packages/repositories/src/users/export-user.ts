import { CallBudget, err, notFound, ok, okAsync, ResultAsync, withCause } from '@headwater/core'
import type { Abortable, Sessions, StoreError } from '@headwater/core'
import type { Document } from 'mongodb'
import type { collectionIndexes, UserActivityDocument } from '../activity/collections.ts'
import { openRecords } from '../activity/sealed/open-records.ts'
import type { EventLog } from '../activity/event-log.ts'
import type { RepositoryContext } from '../context.ts'
import type { EncryptionFailed } from '../encryption/encryption-failed.ts'
import { read } from '../sql.ts'
import { type EnrollmentRow, toEnrollment } from '../enrollments/enrollment-queries.ts'
import {
  type PaymentRow,
  selectCoursesOfInstructor,
  selectEnrollmentsOfUser,
  selectPaymentsOfUser,
  toExportedPayment,
} from './export-queries.ts'
import { type PlaceRow, selectPlacesOfUser, toPlace } from '../waitlist/waitlist-queries.ts'
import type { ExportUserError, UserExport } from './user-export.ts'
import { readUsers } from './read-users.ts'
import { selectUsers } from './user-queries.ts'

/** Dependencies of {@link exportUser}. */
export interface ExportDeps {
  readonly context: RepositoryContext
  readonly sessions: Sessions
  /** The event log; `undefined` without MongoDB. */
  readonly log: EventLog | undefined
}

/** Time for all documents of MongoDB, however long the history. */
const deadlineMs = 120_000

/** Time for a first sign of life: a long history is waited for, a hung store is not. */
const answerDeadlineMs = 3_000

type Stored = Pick<UserExport, 'profile' | 'enrollments' | 'waitlist' | 'payments' | 'teaches'>
type Logged = Pick<UserExport, 'activity' | 'searches' | 'enrollmentEvents'>

/** Reads all that is known of a user, from every store. */
export function exportUser(
  deps: ExportDeps,
  id: number,
  options: Abortable = {},
): ResultAsync<UserExport, ExportUserError> {
  return fromPostgres(deps.context, id, options).andThen((stored) =>
    deps.sessions
      .list(id, options)
      .map((sessions) =>
        sessions.map(({ data, createdAt, expiresAt }) => ({ data, createdAt, expiresAt })),
      )
      .andThen((sessions) =>
        fromMongodb(deps, id, options)
          .mapErr(lacking('activity, searches and enrollment events'))
          .map((logged) => ({ ...stored, sessions, ...logged })),
      ),
  )
}

function fromPostgres(
  context: RepositoryContext,
  id: number,
  options: Abortable,
): ResultAsync<Stored, ExportUserError> {
  const { stores } = context
  return ResultAsync.combine([
    readUsers(context, [selectUsers, [[id]]], options),
    read<EnrollmentRow>(stores, [selectEnrollmentsOfUser, [id]], options),
    read<PlaceRow>(stores, [selectPlacesOfUser, [id, null, null]], options),
    read<PaymentRow>(stores, [selectPaymentsOfUser, [id]], options),
    read<{ id: number }>(stores, [selectCoursesOfInstructor, [id]], options),
  ]).andThen(([users, enrollments, places, payments, courses]) => {
    const [user] = users
    if (user === undefined) return err(notFound('user', id))
    return ok({
      profile: user,
      enrollments: enrollments.rows.map(toEnrollment),
      waitlist: places.rows.map(toPlace),
      payments: payments.rows.map(toExportedPayment),
      teaches: courses.rows.map((course) => course.id),
    })
  })
}

function fromMongodb(
  { log, context }: ExportDeps,
  id: number,
  { signal }: Abortable,
): ResultAsync<Logged, StoreError | EncryptionFailed> {
  const { stores, sealing } = context
  if (log === undefined) return okAsync({ activity: [], searches: [], enrollmentEvents: [] })
  const budget = new CallBudget(stores.clock, { deadlineMs, signal })
  const own = (collection: keyof typeof collectionIndexes) =>
    log.read(
      'export-user',
      (database, ended) =>
        database
          .collection<Document>(collection)
          .find({ user_id: id }, { signal: ended })
          .sort({ timestamp: 1 })
          .toArray(),
      budget.left(),
    )
  return log
    .read('export-user', (database) => database.command({ ping: 1 }), {
      deadlineMs: answerDeadlineMs,
      signal,
    })
    .andThen(() =>
      ResultAsync.combine([own('user_activity'), own('search_logs'), own('enrollment_events')]),
    )
    .andThen(([activity, searches, enrollmentEvents]) =>
      openRecords(sealing?.activity, activity as unknown as UserActivityDocument[]).map(
        (opened) => ({ activity: opened, searches, enrollmentEvents }),
      ),
    )
}

/** Says in the failure of a store what the export would lack without it. */
function lacking(parts: string) {
  return <F extends StoreError | EncryptionFailed>(failure: F): F => {
    const message = `${failure.message}; without it an export would lack ${parts}`
    return withCause({ ...failure, message }, failure.cause)
  }
}
