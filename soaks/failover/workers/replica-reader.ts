// The controls, written by hand: reads of the standby, and of a cache that the standby fills.
import { setTimeout } from 'node:timers/promises'
import { createClient } from '@redis/client'
import { Pool } from 'pg'
import { Ledger, nowNs } from '../../cache/ledger.ts'
import { loadRow, rowCount } from '../../cache/rows.ts'
import { between } from '../../run/chance.ts'
import { replicaCacheKey } from '../replica-cache.ts'
import { Loop, work } from '../work.ts'

const callers = 4
const pauseMs = { least: 5, most: 30 }
const cachedMs = 4_000

await work(async ({ role, replicaUrl, redisUrl, ledgerPath }) => {
  const pool = new Pool({ connectionString: replicaUrl, max: callers, query_timeout: 1_000 })
  pool.on('error', () => undefined)
  const redis = createClient({ url: redisUrl }).on('error', () => undefined)
  await redis.connect()
  const ledger = new Ledger(ledgerPath, 100)
  const load = async (key: number): Promise<number> => (await loadRow(pool, key)).version
  const loadCached = async (key: number): Promise<number> => {
    const cached = await redis.get(replicaCacheKey(key))
    if (cached !== null) return Number(cached)
    const version = await load(key)
    await redis.set(replicaCacheKey(key), String(version), { PX: cachedMs })
    return version
  }
  const read = role === 'replica-reader' ? load : loadCached
  const loop = new Loop(async () => {
    const key = Math.floor(Math.random() * rowCount)
    const beganAt = nowNs()
    try {
      ledger.note('read', key, await read(key), { beganAt })
    } catch {
      ledger.note('failed', key, 0, { beganAt })
    }
    await setTimeout(between(pauseMs.least, pauseMs.most))
  }, callers)
  return {
    stop: async () => {
      await loop.stop()
      ledger.close()
      redis.destroy()
      await pool.end()
    },
  }
})
