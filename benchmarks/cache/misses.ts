import { defineCache, orThrow } from '@headwater/core'
import type { Contest } from '../measure/alternate.ts'
import type { Grounds } from './hits.ts'
import { loadUsers, type User, userCount } from './users.ts'

const missesPerRound = 100

/** One caller, who asks for what nobody has asked for before. */
export function missContest({ stores, raw }: Grounds): Contest {
  const cache = defineCache<number, User>(stores, {
    name: 'miss',
    ttlMs: 3_600_000,
    load: loadUsers,
  })
  return {
    ours: round(async (id) => orThrow(await cache.get(id))),
    theirs: round(raw.getOrLoad),
    operations: missesPerRound,
  }
}

/** Ids that the contests about hits do not use, each of them once. */
function round(get: (id: number) => Promise<unknown>): () => () => Promise<void> {
  let next = userCount
  return () => async () => {
    for (let count = 0; count < missesPerRound; count += 1) {
      next -= 1
      await get(next)
    }
  }
}
