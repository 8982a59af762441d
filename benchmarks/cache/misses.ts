import { defineCache, orThrow } from '@headwater/core'
import type { Contest } from '../measure/alternate.ts'
import type { CacheFixture } from './cache-fixture.ts'
import { loadUsers, type User, userCount } from './users.ts'

const missesPerRound = 100

/** One caller who reads users that were never read before. */
export function missContest({ stores, raw }: CacheFixture): Contest {
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

/** Reads ids that the contests about hits do not use, each of them once. */
function round(get: (id: number) => Promise<unknown>): () => () => Promise<void> {
  let next = userCount
  return () => async () => {
    for (let count = 0; count < missesPerRound; count += 1) {
      next -= 1
      await get(next)
    }
  }
}
