import { failureIn } from '../failure/failure-error.ts'
import type { Failure } from '../errors.ts'
import { okAsync, ResultAsync } from '../result.ts'
import {
  countSessionsBegun,
  endSessionsBegun,
  type SessionsStores,
  type Span,
} from '../sessions/begun-sessions.ts'
import type {
  Resyncable,
  ResyncFinding,
  ResyncFindings,
  ResyncWork,
  Restore,
} from './resyncable.ts'

/**
 * The sessions. One that began in a lost future may be of a user who never registered, and whose id
 * the next one is given.
 */
export function sessionsPart(stores: SessionsStores): Resyncable {
  return {
    name: 'sessions',
    store: 'redis',
    afterRestore: (restore) => ({
      plan: () => ended(countSessionsBegun(stores, spanOf(restore))),
      apply: () => ended(endSessionsBegun(stores, spanOf(restore))),
    }),
    afterLoss: () => gone,
  }
}

const lost: readonly ResyncFinding[] = [
  { what: 'sessions: their users sign in again', outcome: 'lost' },
  { what: 'revocations, which PostgreSQL keeps', outcome: 'rebuilt' },
]

/** Whoever asks for a session on a server that is new to it applies the revocations first. */
const gone: ResyncWork = { plan: () => okAsync(lost), apply: () => okAsync(lost) }

function spanOf({ since, openedAt }: Restore): Span {
  return { from: since, until: openedAt }
}

function ended(counted: Promise<number>): ResyncFindings {
  return ResultAsync.fromPromise(counted, (error): Failure<string> => {
    const failure = failureIn(error)
    if (failure === undefined) throw error
    return failure
  }).map((count) => [
    { what: 'sessions that began after the restored moment', count, outcome: 'ended' },
  ])
}
