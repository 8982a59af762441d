import { parseArgs } from 'node:util'
import { connect, migrate, orThrow, type Stores } from '@headwater/core'
import { startPostgresServer, startRedisServer } from '@headwater/testing'
import { createClient, type RedisClientType } from 'redis'
import type { Contest, Contestant } from './alternate.ts'
import { hold } from './hold.ts'

/** How many ask at once. */
export const callers = 50
const turnsTogether = 20
const turnsInARow = 4

/** Two ways to do the same for one item, each with items of its own. */
export interface Duel<Item> {
  readonly ours: {
    readonly items: readonly Item[]
    readonly one: (item: Item) => PromiseLike<unknown>
  }
  readonly theirs: {
    readonly items: readonly Item[]
    readonly one: (item: Item) => PromiseLike<unknown>
  }
}

/** All items at once, again and again. */
export function together<Item>({ ours, theirs }: Duel<Item>): Contest {
  const all =
    ({ items, one }: Duel<Item>['ours']): Contestant =>
    () =>
    async () => {
      for (let turn = 0; turn < turnsTogether; turn += 1) await Promise.all(items.map(one))
    }
  return { ours: all(ours), theirs: all(theirs), operations: turnsTogether * callers }
}

/** One item after the other. */
export function inARow<Item>({ ours, theirs }: Duel<Item>): Contest {
  const each =
    ({ items, one }: Duel<Item>['ours']): Contestant =>
    () =>
    async () => {
      for (let turn = 0; turn < turnsInARow; turn += 1) for (const item of items) await one(item)
    }
  return { ours: each(ours), theirs: each(theirs), operations: turnsInARow * callers }
}

/**
 * Holds contests on one Redis, ours through stores, theirs through a bare client, and prints the
 * figures: with `--json` that of `vsRaw` alone.
 */
export async function holdAgainstRedis(
  contestsOf: (
    stores: Stores,
    client: RedisClientType,
  ) => Promise<Readonly<Record<string, Contest>>>,
): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
  const [postgres, redis] = await Promise.all([
    startPostgresServer(),
    startRedisServer({ onProgress: console.error }),
  ])
  const stores = orThrow(
    await connect({ postgres: { url: postgres.url }, redis: { url: redis.url } }),
  )
  const client: RedisClientType = createClient({ url: redis.url })
  try {
    orThrow(await migrate(stores))
    await client.connect()
    const figures: Record<string, number> = {}
    for (const [name, contest] of Object.entries(await contestsOf(stores, client))) {
      figures[name] = await hold(name, contest, {
        concurrency: name === 'oneByOneVsRaw' ? 1 : callers,
        isProfiled: !values.json,
      })
    }
    console.log(values.json ? JSON.stringify({ vsRaw: figures['vsRaw'] }) : figures)
    orThrow(await stores.close())
  } finally {
    client.destroy()
    await Promise.all([postgres.stop(), redis.stop()])
  }
}
