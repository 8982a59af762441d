import { defineCache } from '@headwater/core'
import type { Cache, Stores } from '@headwater/core'
import type { CheckedCacheOptions } from '../cache-options.ts'
import { datesCodec } from '../dates.ts'
import { selectUsers, toUser } from './user-queries.ts'
import type { UserRow } from './user-queries.ts'
import type { User } from './user.ts'

/** Profiles under `user:{id}`. */
export function defineUserCache(
  stores: Stores,
  options: CheckedCacheOptions['users'],
): Cache<number, User> {
  return defineCache<number, User>(stores, {
    ...options,
    name: 'user',
    codec: datesCodec<User>('createdAt', 'updatedAt'),
    load: async (ids, sql) => {
      const { rows } = await sql.query<UserRow>(selectUsers, [ids])
      return new Map(rows.map((row) => [row.id, toUser(row)]))
    },
  })
}
