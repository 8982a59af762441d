import { allDelivered, defineSink, okAsync, ResultAsync } from '@headwater/core'
import type { MongodbStore, Sink, StoreError, Stores } from '@headwater/core'
import { pseudonymiseLetters } from './erasure-queries.ts'
import { pseudonymise } from './pseudonymise.ts'
import type { ErasedUser } from './pseudonymise.ts'
import { userDeletedPayload } from './user-events.ts'

/** A user may have done much. */
const deadlineMs = 30_000

/**
 * Puts the pseudonyms of deleted users in the place of their ids in MongoDB: `user_activity`,
 * `search_logs` and `enrollment_events`, and once more in events that a sink has not taken, where
 * some may have come since the deletion.
 */
export function userErasureSink(stores: Stores, mongodb: MongodbStore | undefined): Sink {
  return defineSink({
    name: 'user-erasure',
    types: ['user.deleted'],
    mode: 'log',
    handle: (events) => {
      const users: ErasedUser[] = events.flatMap(
        (event) => userDeletedPayload.safeParse(event.payload).data ?? [],
      )
      return ResultAsync.combine(
        users.map(({ userId, pseudonym }) =>
          stores.postgres.query(pseudonymiseLetters, [userId, pseudonym]),
        ),
      )
        .andThen(() => inMongodb(mongodb, users))
        .map(() => allDelivered)
        .mapErr((cause) => ({
          type: 'sink-failed',
          message: `deleted users were not pseudonymised: ${cause.type}`,
          retryable: true,
          cause,
        }))
    },
  })
}

function inMongodb(
  mongodb: MongodbStore | undefined,
  users: readonly ErasedUser[],
): ResultAsync<void, StoreError> {
  if (mongodb === undefined) return okAsync(undefined)
  return mongodb.run(
    'pseudonymise',
    async (database) => {
      for (const user of users) await pseudonymise(database, user)
    },
    { deadlineMs },
  )
}
