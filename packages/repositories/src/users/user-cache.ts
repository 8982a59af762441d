import { defineCache, FailureError } from '@headwater/core'
import type { Cache, Stores } from '@headwater/core'
import type { CheckedCacheOptions } from '../cache-options.ts'
import { datesCodec } from '../dates.ts'
import { selectSealedUsers } from './sealed/sealed-user-queries.ts'
import type { SealedUserRow } from './sealed/sealed-user-queries.ts'
import { selectUsers, toStoredUser, toUser } from './user-queries.ts'
import type { UserRow } from './user-queries.ts'
import { openPlain } from './sealed/user-sealing.ts'
import type { StoredUser } from './sealed/user-sealing.ts'

/** Profiles under `user:{id}`, with the fields encrypted that are so in their rows. */
export function defineUserCache(
  stores: Stores,
  options: CheckedCacheOptions['users'],
  isSealed: boolean,
): Cache<number, StoredUser> {
  return defineCache<number, StoredUser>(stores, {
    ...options,
    name: 'user',
    codec: datesCodec<StoredUser>('createdAt', 'updatedAt'),
    load: async (ids, sql) => {
      if (isSealed) {
        const { rows } = await sql.query<SealedUserRow>(selectSealedUsers, [ids])
        return new Map(rows.map((row) => [row.id, toStoredUser(row)]))
      }
      const { rows } = await sql.query<UserRow>(selectUsers, [ids])
      return new Map(rows.map((row) => [row.id, plainUser(row)]))
    },
  })
}

/** A row with an encrypted address is no profile for a process that was not told of it. */
function plainUser(row: UserRow): StoredUser {
  return openPlain(toUser(row)).match(
    (user) => user,
    (failure) => {
      throw new FailureError(failure)
    },
  )
}
