import { defineSink, okAsync, ResultAsync } from '@headwater/core'
import type {
  MongodbStore,
  OutboxEvent,
  Sink,
  SinkFailure,
  SinkReport,
  StoreError,
  Stores,
} from '@headwater/core'
import { sinkOutage } from '../sink-outage.ts'
import { pseudonymiseLetters } from './erasure-queries.ts'
import type { ErasureRetention } from './erasure-retention.ts'
import { pseudonymiseAll } from './pseudonymise.ts'
import type { ErasedUser } from './pseudonymise.ts'
import { userDeletedPayload } from './user-events.ts'

/**
 * Replaces the ids of deleted users by their pseudonyms in MongoDB (`user_activity`, `search_logs`
 * and `enrollment_events`), and in events that were parked since the deletion.
 */
export function userErasureSink(
  stores: Stores,
  mongodb: MongodbStore | undefined,
  retention: ErasureRetention,
): Sink {
  return defineSink({
    name: 'user-erasure',
    types: ['user.deleted'],
    mode: 'log',
    handle: (events) => {
      const { users, failed } = toUsers(events)
      return ResultAsync.combine(
        users.map(({ userId, pseudonym }) =>
          stores.postgres.query(pseudonymiseLetters, [userId, pseudonym]),
        ),
      )
        .andThen(() => inMongodb(mongodb, users))
        .andThen(() => retention.expire())
        .map(() => ({ failed }))
        .mapErr((cause) => sinkOutage('deleted users were not pseudonymised', cause))
    },
  })
}

function toUsers(events: readonly OutboxEvent[]) {
  const users: ErasedUser[] = []
  const failed: SinkReport['failed'][number][] = []
  for (const { id, payload } of events) {
    const { data: user } = userDeletedPayload().safeParse(payload)
    if (user === undefined) failed.push({ id, failure: unreadable })
    else users.push(user)
  }
  return { users, failed }
}

const unreadable: SinkFailure = {
  type: 'sink-failed',
  message: 'the payload of user.deleted breaks its schema',
  retryable: false,
}

function inMongodb(
  mongodb: MongodbStore | undefined,
  users: readonly ErasedUser[],
): ResultAsync<void, StoreError> {
  if (mongodb === undefined) return okAsync(undefined)
  return new ResultAsync(pseudonymiseAll(mongodb, users))
}
