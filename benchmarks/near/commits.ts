import { type Cache, ok, orThrow, transaction } from '@headwater/core'
import type { Rounds } from '../measure/alternate.ts'
import { runContest } from '../measure/contest.ts'
import { Invalidations } from '../measure/invalidations.ts'
import { percentile } from '../measure/percentile.ts'
import type { Members } from './members.ts'
import { courseCache, type NearFixture } from './near-fixture.ts'

/** Transactions of a round, each of another row. */
const commits = 10
const ids = Array.from({ length: commits }, (_, index) => index + 1)
const rounds = { alternations: 61, warmUps: 20 } satisfies Rounds

/** The cost of a commit while other processes keep what it changes. */
export interface CommitCost {
  /** Time of a transaction as a multiple of one whose row no process keeps: the median. */
  readonly ratio: number
  /** Milliseconds in which 99 of 100 transactions end. */
  readonly p99Ms: number
}

/**
 * Commits changes of single rows, with the near tier on: of rows that all members keep, against
 * rows of a cache that has no members.
 */
export async function commitsWith(
  fixture: NearFixture,
  members: Members,
  name: string,
): Promise<CommitCost> {
  const { stores } = fixture
  const kept = courseCache(stores, name)
  const alone = courseCache(stores, 'alone')
  const invalidations = new Invalidations(stores)
  const timesMs: number[] = []
  const commitAll = async (cache: Cache<number, unknown>, times?: number[]): Promise<void> => {
    for (const id of ids) {
      const startedAt = performance.now()
      await commit(fixture, cache, id)
      times?.push(performance.now() - startedAt)
    }
  }
  const outcome = await runContest(
    name,
    {
      ours: async () => {
        await invalidations.settled()
        return () => commitAll(alone)
      },
      theirs: async () => {
        await invalidations.settled()
        await members.keep({ cache: name, ids })
        return () => commitAll(kept, timesMs)
      },
      operations: commits,
    },
    { rounds },
  )
  return {
    ratio: outcome.timesFaster,
    p99Ms: percentile(timesMs.slice(rounds.warmUps * commits), 0.99),
  }
}

async function commit(
  { stores }: NearFixture,
  cache: Cache<number, unknown>,
  id: number,
): Promise<void> {
  orThrow(
    await transaction(stores, async (tx) => {
      tx.invalidate(cache.key(id))
      await tx.query('UPDATE @schema.bench SET version = version + 1 WHERE id = $1', [id])
      return ok(undefined)
    }),
  )
}
