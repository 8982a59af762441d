import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { connect, defineCache, orThrow } from '@headwater/core'
import { monotonicMs } from '../measure/monotonic-clock.ts'
import { loadUsers, type User } from './users.ts'

/** The addresses that a process of the stampede connects to. */
export interface StampedeUrls {
  readonly redisUrl: string
  readonly postgresUrl: string
}

const callers = 50
/** Long enough that every process misses during the load. */
const loadMs = 100

process.once('disconnect', () => {
  process.exit(1)
})
const [{ redisUrl, postgresUrl }] = (await once(process, 'message')) as [StampedeUrls]
const stores = orThrow(await connect({ postgres: { url: postgresUrl }, redis: { url: redisUrl } }))
let loads = 0
const cache = defineCache<number, User>(stores, {
  name: 'stampede',
  ttlMs: 60_000,
  load: async (ids, sql) => {
    loads += 1
    const users = await loadUsers(ids, sql)
    await setTimeout(loadMs)
    return users
  },
})
process.on('message', ({ id, startAt }: { id: number; startAt: number }) => {
  void stampede(id, startAt).then((count) => process.send?.(count))
})
process.send?.('ready')

async function stampede(id: number, startAt: number): Promise<number> {
  const before = loads
  await setTimeout(startAt - monotonicMs())
  const users = await Promise.all(Array.from({ length: callers }, () => cache.get(id)))
  for (const user of users) orThrow(user)
  return loads - before
}
