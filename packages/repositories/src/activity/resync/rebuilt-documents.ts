import { err, minorUnits, ok } from '@headwater/core'
import type { MongodbStore, Result, SqlError, StoreError, Stores } from '@headwater/core'
import { insertNew } from '../bulk-write.ts'
import { toUserActivity } from '../collections.ts'
import type {
  CollectionName,
  EnrollmentEventDocument,
  UserActivityDocument,
} from '../collections.ts'
import type { Redactor } from '../redaction.ts'
import type { Erasures } from '../../users/erasures.ts'
import { usersOf } from '../../users/pseudonymise.ts'
import { selectOldPayments, selectOldUsers } from './rebuild-queries.ts'
import type { PaymentRow, UserRow } from './rebuild-queries.ts'

/** Rows of one statement, and documents of one command. */
const pageSize = 1_000

/** Dependencies of {@link rebuildDocuments}. */
export interface RebuildDeps {
  readonly stores: Pick<Stores, 'postgres'>
  readonly mongodb: MongodbStore
  readonly erasures: Erasures
  readonly redactor: Redactor | undefined
}

/** Documents that were made from rows. */
export interface RebuiltDocuments {
  readonly registrations: number
  readonly payments: number
}

/**
 * Makes documents of what PostgreSQL still knows from before a moment, when the log begins:
 * registrations, payments and refunds. Their ids follow from the rows, so that they are made once,
 * and a user who is deleted meanwhile is erased in them.
 */
export async function rebuildDocuments(
  { stores, mongodb, erasures, redactor }: RebuildDeps,
  before: string,
): Promise<Result<RebuiltDocuments, SqlError | StoreError>> {
  const pages = { stores, mongodb, erasures, before }
  const registrations = await copyPages<UserRow>(pages, {
    statement: selectOldUsers,
    collection: 'user_activity',
    toDocument: (row) => registration(row, redactor),
    keyOf: ({ id }) => String(id),
  })
  if (registrations.isErr()) return err(registrations.error)
  const payments = await copyPages<PaymentRow>(pages, {
    statement: selectOldPayments,
    collection: 'enrollment_events',
    toDocument: payment,
    keyOf: ({ key }) => key,
  })
  return payments.map((count) => ({ registrations: registrations.value, payments: count }))
}

interface Pages {
  readonly stores: Pick<Stores, 'postgres'>
  readonly mongodb: MongodbStore
  readonly erasures: Erasures
  readonly before: string
}

interface Copy<Row> {
  /** $1 the moment before which rows are old; $2 key before the page; $3 page size. */
  readonly statement: string
  readonly collection: CollectionName
  readonly toDocument: (row: Row) => UserActivityDocument | EnrollmentEventDocument
  readonly keyOf: (row: Row) => string
}

async function copyPages<Row extends object>(
  { stores, mongodb, erasures, before }: Pages,
  { statement, collection, toDocument, keyOf }: Copy<Row>,
): Promise<Result<number, SqlError | StoreError>> {
  let count = 0
  for (let after = ''; ;) {
    const page = await stores.postgres.query<Row>(statement, [before, after, pageSize])
    if (page.isErr()) return err(page.error)
    const { rows } = page.value
    const documents = rows.map(toDocument)
    const written = await mongodb.run('rebuild documents', (database) =>
      insertNew(database, collection, documents),
    )
    if (written.isErr()) return err(written.error)
    const followed = await erasures.follow(documents.flatMap(usersOf))
    if (followed.isErr()) return err(followed.error)
    count += rows.length - written.value.length
    const last = rows.at(-1)
    if (last === undefined || rows.length < pageSize) return ok(count)
    after = keyOf(last)
  }
}

function registration({ id, role, created_at: at }: UserRow, redactor: Redactor | undefined) {
  const registered = { data: { role }, metadata: {} }
  return toUserActivity({
    kind: 'activity',
    id: `user:${id}`,
    at: at.getTime(),
    userId: id,
    type: 'user.registered',
    data: (redactor?.redact(registered) ?? registered).data,
    metadata: {},
  })
}

function payment(row: PaymentRow): EnrollmentEventDocument {
  const isRefund = row.kind === 'refund'
  return {
    _id: `${row.kind}:${row.enrollment_id}`,
    user_id: Number(row.user_id),
    course_id: row.course_id,
    event_type: isRefund ? 'enrollment.withdrawn' : 'enrollment.created',
    event_data: isRefund
      ? { refunded: minorUnits(row.amount) }
      : {
          payment_method: row.payment_method,
          price_paid: minorUnits(row.amount),
          discount_applied: minorUnits(row.discount ?? '0.00'),
        },
    timestamp: row.happened_at,
  }
}
