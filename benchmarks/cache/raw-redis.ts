import type { Pool } from 'pg'
import { createClient } from '@redis/client'
import { loadUser, type User } from './users.ts'

/** Redis by hand, which a cache is measured against. */
export interface RawRedis {
  /** `GET` and `JSON.parse`. */
  get(this: void, id: number): Promise<User | undefined>
  /** `MGET` and `JSON.parse`. */
  getMany(this: void, ids: readonly number[]): Promise<(User | undefined)[]>
  /** `GET`, and on a miss the statement and `SET`. */
  getOrLoad(this: void, id: number): Promise<User | undefined>
  /** The statement and `SET`. */
  fill(this: void, id: number): Promise<User | undefined>
  close(): Promise<void>
}

/** Connects a bare client. */
export async function openRawRedis(url: string, pool: Pool): Promise<RawRedis> {
  const client = createClient({ url })
  await client.connect()
  const fill = async (id: number): Promise<User | undefined> => {
    const user = await loadUser(id, pool)
    await client.set(keyOf(id), JSON.stringify(user), { PX: 3_600_000 })
    return user
  }
  return {
    get: async (id) => parsed(await client.get(keyOf(id))),
    getMany: async (ids) => (await client.mGet(ids.map(keyOf))).map(parsed),
    getOrLoad: async (id) => parsed(await client.get(keyOf(id))) ?? (await fill(id)),
    fill,
    close: () => client.close(),
  }
}

function keyOf(id: number): string {
  return `raw:${id}`
}

function parsed(text: string | null): User | undefined {
  return text === null ? undefined : (JSON.parse(text) as User)
}
