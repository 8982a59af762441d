import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { beginChange, defineCache, orThrow, type Stores } from '@headwater/core'
import { monotonicMs } from '../measure/monotonic-clock.ts'
import type { StampedeUrls } from './stampede-worker.ts'
import { loadUsers, type User } from './users.ts'

const processes = 8
const rounds = 5
const callers = 200
const holdMs = 50
const loadMs = 5
/** Between the order and the start of a stampede, so that all processes start together. */
const leadMs = 100

/**
 * Loads caused by 50 callers in each of eight processes that miss the same key at the same time:
 * the highest count of several rounds.
 */
export async function loadsUnderStampede({ redisUrl, postgresUrl }: StampedeUrls): Promise<number> {
  const children = Array.from({ length: processes }, () =>
    fork(new URL('./stampede-worker.ts', import.meta.url), {
      execArgv: ['--conditions=headwater-source'],
    }),
  )
  try {
    await Promise.all(
      children.map(async (child) => {
        child.send({ redisUrl, postgresUrl })
        await once(child, 'message')
      }),
    )
    let most = 0
    for (let id = 1; id <= rounds; id += 1) {
      const replies = children.map((child) => once(child, 'message') as Promise<[number]>)
      const startAt = monotonicMs() + leadMs
      for (const child of children) child.send({ id, startAt })
      most = Math.max(
        most,
        (await Promise.all(replies)).reduce((sum, [loads]) => sum + loads, 0),
      )
    }
    return most
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
}

/**
 * Loads of a held key that begin per load time in one process with 200 callers, each of which asks
 * again as soon as it is answered: the highest count of several rounds.
 */
export async function loadsUnderHold(stores: Stores): Promise<number> {
  let most = 0
  for (let round = 1; round <= rounds; round += 1)
    most = Math.max(most, await loadsOfRound(stores, round))
  return most
}

async function loadsOfRound(stores: Stores, id: number): Promise<number> {
  let loads = 0
  let loadingMs = 0
  const cache = defineCache<number, User>(stores, {
    name: 'held',
    ttlMs: 60_000,
    load: async (ids, sql) => {
      loads += 1
      const startedAt = performance.now()
      const users = await loadUsers(ids, sql)
      await setTimeout(loadMs)
      loadingMs += performance.now() - startedAt
      return users
    },
  })
  const change = beginChange(stores)
  change.invalidate(cache.key(id))
  orThrow(await change.hold())
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() - startedAt < holdMs) orThrow(await cache.get(id))
    }),
  )
  const heldMs = performance.now() - startedAt
  await change.release()
  return loads / (heldMs / (loadingMs / loads))
}
