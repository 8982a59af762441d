import { connect, migrate, orThrow, type Stores } from '@headwater/core'
import { createClient, type RedisClientType } from '@redis/client'
import type { Contest, Contestant } from './alternate.ts'
import { bench, type Bench } from './bench.ts'
import { runContest } from './contest.ts'

/** Concurrent callers. */
export const callers = 50
const turnsTogether = 20
const turnsInARow = 4
const rounds = { alternations: 31, warmUps: 30 }

/** Two ways to do the same thing to one item, each with its own items. */
export interface Duel<Item> {
  readonly ours: Side<Item>
  readonly theirs: Side<Item>
}

interface Side<Item> {
  readonly items: readonly Item[]
  readonly one: (item: Item) => PromiseLike<unknown>
}

/** A contest in which all items are handled concurrently. */
export function together<Item>({ ours, theirs }: Duel<Item>): Contest {
  const all =
    ({ items, one }: Side<Item>): Contestant =>
    () =>
    async () => {
      for (let turn = 0; turn < turnsTogether; turn += 1) await Promise.all(items.map(one))
    }
  return { ours: all(ours), theirs: all(theirs), operations: turnsTogether * callers }
}

/** A contest in which one item is handled after the other. */
export function inARow<Item>({ ours, theirs }: Duel<Item>): Contest {
  const each =
    ({ items, one }: Side<Item>): Contestant =>
    () =>
    async () => {
      for (let turn = 0; turn < turnsInARow; turn += 1) for (const item of items) await one(item)
    }
  return { ours: each(ours), theirs: each(theirs), operations: turnsInARow * callers }
}

type ContestsOf = (
  stores: Stores,
  client: RedisClientType,
) => Promise<Readonly<Record<string, Contest>>>

/**
 * Runs contests on one Redis, ours through stores and theirs through a bare client, and prints how
 * many times as fast ours is: with `--json` only the figure `vsRaw`.
 */
export function benchAgainstRedis(contestsOf: ContestsOf): Promise<void> {
  return bench(async ({ postgres, redis, isJson }) => {
    const stores = orThrow(
      await connect({ postgres: { url: postgres.url }, redis: { url: redis.url } }),
    )
    const client: RedisClientType = createClient({ url: redis.url })
    try {
      orThrow(await migrate(stores))
      await client.connect()
      const figures = await runAll(await contestsOf(stores, client), isJson)
      return isJson ? { vsRaw: figures['vsRaw'] ?? 0 } : figures
    } finally {
      client.destroy()
      orThrow(await stores.close())
    }
  })
}

async function runAll(
  contests: Readonly<Record<string, Contest>>,
  isJson: Bench['isJson'],
): Promise<Record<string, number>> {
  const figures: Record<string, number> = {}
  for (const [name, contest] of Object.entries(contests))
    figures[name] = (await runContest(name, contest, { rounds, isProfiled: !isJson })).timesFaster
  return figures
}
