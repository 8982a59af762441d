import { err, leastIdAt, ok } from '@headwater/core'
import type { Failure, MongodbStore, Result, SqlClient, StoreError } from '@headwater/core'
import { selectLogged } from './rebuild-queries.ts'
import type { LoggedRow } from './rebuild-queries.ts'

/** Where a rebuild starts: what the log has is delivered again, what is older is made from rows. */
export interface RebuildStart {
  /** Events that the log holds for the event log. */
  readonly logged: number
  /** A row from before this moment has no event in the log, in ISO 8601 to the microsecond. */
  readonly before: string
}

/** Remembers the start of a rebuild in MongoDB: lost along with the documents, it starts anew. */
const rebuilds = 'activity_rebuild'

interface RebuildDocument {
  readonly _id: 'start'
  readonly before: string
  readonly at: Date
}

/** The difference at most between the clock of a publisher, which ids have, and PostgreSQL's. */
const clockMarginMs = 60_000

/**
 * Finds where a rebuild starts: where the log begins. Later calls start where the first one did,
 * although the log may begin later by then: what was purged since has been delivered. Documents of
 * older events are of a log that was not lost.
 */
export async function findStart(
  mongodb: MongodbStore,
  sql: SqlClient,
): Promise<Result<RebuildStart, Failure<string>>> {
  const { rows } = await sql.query<LoggedRow>(selectLogged)
  const { count: logged, oldest_at: oldestAt, boundary } = rows[0] as LoggedRow
  const looked = await mongodb.run('look for documents', async (database) => {
    const older = { _id: { $lt: leastIdOf(oldestAt) } }
    const registered = { ...older, event_type: 'user.registered' }
    const [enrollment, registration, earlier] = await Promise.all([
      database.collection<EventDocument>('enrollment_events').findOne(older),
      database.collection<EventDocument>('user_activity').findOne(registered),
      database.collection<RebuildDocument>(rebuilds).findOne({ _id: 'start' }),
    ])
    return { hasOlder: enrollment !== null || registration !== null, earlier: earlier?.before }
  })
  if (looked.isErr()) return err(looked.error)
  const { hasOlder, earlier } = looked.value
  if (!hasOlder) return ok({ logged, before: boundary })
  return earlier === undefined ? err(notLost) : ok({ logged, before: earlier })
}

/** Notes where a rebuild starts. */
export async function noteStart(
  mongodb: MongodbStore,
  { before }: RebuildStart,
  at: Date,
): Promise<Result<void, StoreError>> {
  const noted = await mongodb.run('note rebuild', (database) =>
    database
      .collection<RebuildDocument>(rebuilds)
      .replaceOne({ _id: 'start' }, { before, at }, { upsert: true }),
  )
  return noted.map(() => undefined)
}

interface EventDocument {
  readonly _id: string
  readonly event_type: string
}

/** Ids of events are hexadecimal: those made from rows are above all of them. */
function leastIdOf(oldestAt: Date | null): string {
  return oldestAt === null ? 'g' : leastIdAt(new Date(oldestAt.getTime() - clockMarginMs))
}

const notLost: Failure<'not-lost'> = {
  type: 'not-lost',
  retryable: false,
  message: 'the event log has documents of old events: it was not lost, and is left alone',
}
