import { defineCache } from '@headwater/core'
import type { Cache, Stores } from '@headwater/core'
import { datesCodec } from '../dates.ts'
import { selectUsers, toUser } from './user-queries.ts'
import type { UserRow } from './user-queries.ts'
import type { User } from './user.ts'

/** Profiles under `user:{id}`, for an hour. */
export function defineUserCache(stores: Stores): Cache<number, User> {
  return defineCache<number, User>(stores, {
    name: 'user',
    ttlMs: 60 * 60_000,
    graceMs: 5 * 60_000,
    codec: datesCodec<User>('createdAt', 'updatedAt'),
    load: async (ids, sql) => {
      const { rows } = await sql.query<UserRow>(selectUsers, [ids])
      return new Map(rows.map((row) => [row.id, toUser(row)]))
    },
  })
}
