import { defineCache } from '@headwater/core'
import type { Cache, Stores } from '@headwater/core'
import type { CheckedCacheOptions } from '../cache-options.ts'
import { datesCodec } from '../dates.ts'
import type { StoredUser } from './sealed/user-sealing.ts'
import { selectUsers, toUser } from './user-queries.ts'
import type { UserRow } from './user-queries.ts'

/** Profiles under `user:{id}`, with the fields encrypted that are so in their rows. */
export function defineUserCache(
  stores: Stores,
  options: CheckedCacheOptions['users'],
): Cache<number, StoredUser> {
  return defineCache<number, StoredUser>(stores, {
    ...options,
    name: 'user',
    codec: datesCodec<StoredUser>('createdAt', 'updatedAt'),
    load: async (ids, sql) => {
      const { rows } = await sql.query<UserRow>(selectUsers, [ids])
      return new Map(rows.map((row) => [row.id, toUser(row)]))
    },
  })
}
