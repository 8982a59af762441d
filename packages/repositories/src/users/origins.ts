import { okAsync } from '@headwater/core'
import type { ResultAsync, SqlError, Stores } from '@headwater/core'
import type { StoredMetadata } from '../activity/sealed/activity-sealing.ts'
import { read } from '../sql.ts'
import { deleteOrigins, selectOrigins, toMetadata } from './origin-queries.ts'
import type { OriginRow } from './origin-queries.ts'

/**
 * The requests that registrations came with, from the registration until the activity log has them.
 * They are no part of the event, which stays in the outbox for days: deleted users leave none.
 */
export class Origins {
  readonly #stores: Stores

  constructor(stores: Stores) {
    this.#stores = stores
  }

  /** Reads the origins of these users. One PostgreSQL round trip; none without users. */
  of(userIds: readonly number[]): ResultAsync<Map<number, StoredMetadata>, SqlError> {
    if (userIds.length === 0) return okAsync(new Map<number, StoredMetadata>())
    return read<OriginRow>(this.#stores, [selectOrigins, [userIds]]).map(
      ({ rows }) => new Map(rows.map((row) => [row.user_id, toMetadata(row)])),
    )
  }

  /** Deletes the origins of users whose registration is logged. One PostgreSQL round trip. */
  forget(userIds: readonly number[]): ResultAsync<unknown, SqlError> {
    if (userIds.length === 0) return okAsync(undefined)
    return read(this.#stores, [deleteOrigins, [userIds]])
  }
}
