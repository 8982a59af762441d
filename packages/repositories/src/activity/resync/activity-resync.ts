import { err, ok, ResultAsync, rewindSinks } from '@headwater/core'
import type {
  Failure,
  MongodbStore,
  Restore,
  RestoredLog,
  Resyncable,
  ResyncFinding,
  ResyncFindings,
  Result,
  SqlClient,
  StoreError,
  Stores,
} from '@headwater/core'
import type { Erasures } from '../../users/erasures.ts'
import type { CheckedActivityOptions } from '../activity-options.ts'
import { indexDeadlineMs, isForbidden, prepareCollections } from '../prepare-collections.ts'
import type { Redactor } from '../redaction.ts'
import { retentionOf } from '../retention.ts'
import { sweep, sweepsOf } from './lost-documents.ts'
import { countOldRows } from './rebuild-queries.ts'
import type { OldRows } from './rebuild-queries.ts'
import { findStart, noteStart } from './rebuild-start.ts'
import type { RebuildStart } from './rebuild-start.ts'
import { rebuildDocuments } from './rebuilt-documents.ts'
import type { RebuiltDocuments } from './rebuilt-documents.ts'
import { SetAsides } from './set-aside.ts'
import type { Moved, ToSetAside } from './set-aside.ts'

/** Dependencies of {@link activityResync}. */
export interface ActivityResyncDeps {
  readonly stores: Stores
  readonly mongodb: MongodbStore
  readonly erasures: Erasures
  readonly options: Pick<CheckedActivityOptions, 'retentionDays'>
  readonly redactor: Redactor | undefined
  /** Name of the sink that writes the documents of events. */
  readonly sink: string
}

/** The event log in MongoDB, after a restore of PostgreSQL or its own loss. */
export function activityResync(deps: ActivityResyncDeps): Resyncable {
  const retention = retentionOf(deps.options.retentionDays)
  return {
    name: 'activity',
    store: 'mongodb',
    afterRestore: (restore) => ({
      plan: () => findLost(deps, restore, async ({ ids }) => ok({ moved: ids.length, left: 0 })),
      apply: () => {
        const asides = new SetAsides({ ...deps, retention, restore })
        return findLost(deps, restore, (documents) => asides.move(documents))
      },
    }),
    afterLoss: () => ({ plan: () => planRebuild(deps), apply: () => rebuildAll(deps) }),
  }
}

type Move = (documents: ToSetAside) => Promise<Result<Moved, Failure<string>>>

/** Finds the documents of a lost future, and hands them to `move`. */
function findLost(deps: ActivityResyncDeps, restore: Restore, move: Move): ResyncFindings {
  return restore.readLog().andThen((log) => new ResultAsync(sweepAll(deps, { restore, log, move })))
}

async function sweepAll(
  { mongodb }: ActivityResyncDeps,
  {
    restore,
    log,
    move,
  }: { readonly restore: Restore; readonly log: RestoredLog; readonly move: Move },
): Promise<Result<readonly ResyncFinding[], Failure<string>>> {
  const findings: ResyncFinding[] = []
  for (const one of sweepsOf(restore, log)) {
    const { collection, what } = one
    const found = await sweep(mongodb, one, (ids) => move({ collection, ids }))
    if (found.isErr()) return err(found.error)
    const { moved, left } = found.value
    findings.push({ what: `${what} of a lost future`, count: moved, outcome: 'set-aside' })
    if (left > 0) findings.push({ what: `${what} of a lost future`, count: left, outcome: 'left' })
  }
  return ok(findings)
}

/** Looks at the log as a rebuild does, and rewinds no sink. */
function planRebuild(deps: ActivityResyncDeps): ResyncFindings {
  return rewindSinks(deps.stores, [], (sql) => findStart(deps.mongodb, sql)).andThen((start) =>
    deps.stores.postgres
      .query<OldRows>(countOldRows, [start.before])
      .map(({ rows: [old] }) =>
        findingsOf(start, { registrations: old?.users ?? 0, payments: old?.payments ?? 0 }),
      ),
  )
}

/** The sinks are rewound first: nothing that the log holds by then is purged undelivered. */
function rebuildAll(deps: ActivityResyncDeps): ResyncFindings {
  const { stores, mongodb, sink } = deps
  const begin = async (sql: SqlClient): Promise<Result<RebuildStart, Failure<string>>> => {
    const start = await findStart(mongodb, sql)
    if (start.isErr()) return err(start.error)
    const noted = await noteStart(mongodb, start.value, new Date(stores.clock.now()))
    return noted.map(() => start.value)
  }
  return new ResultAsync(prepare(deps)).andThen((missing) =>
    rewindSinks(stores, [sink], begin).andThen((start) =>
      new ResultAsync(rebuildDocuments(deps, start.before)).map((rebuilt) => [
        ...findingsOf(start, rebuilt),
        ...missing,
      ]),
    ),
  )
}

/** No process that is running does so: each did when it started, on the server that was lost. */
async function prepare({
  mongodb,
  options,
}: ActivityResyncDeps): Promise<Result<readonly ResyncFinding[], StoreError>> {
  const retention = retentionOf(options.retentionDays)
  const prepared = await mongodb.run(
    'prepare collections',
    (database) => prepareCollections(database, retention),
    { deadlineMs: indexDeadlineMs },
  )
  if (prepared.isErr() && isForbidden(prepared.error)) return ok([unprepared])
  return prepared.map(() => [])
}

const unprepared: ResyncFinding = {
  what: 'indexes, and the deletion of old documents: this client may not create them',
  outcome: 'lost',
}

function findingsOf(
  { logged }: RebuildStart,
  { registrations, payments }: RebuiltDocuments,
): ResyncFinding[] {
  return [
    { what: 'events that the outbox still holds', count: logged, outcome: 'repeated' },
    { what: 'older registrations', count: registrations, outcome: 'rebuilt' },
    { what: 'older payments and refunds', count: payments, outcome: 'rebuilt' },
    { what: 'addresses and browsers of registrations', outcome: 'lost' },
    { what: 'older transfers and completions', outcome: 'lost' },
    { what: 'older withdrawals without a refund, enrollments without a price', outcome: 'lost' },
    { what: 'older activities that were recorded durably', outcome: 'lost' },
    { what: 'activities beside the outbox, searches and clicks', outcome: 'lost' },
  ]
}
