// Raises the version of one row after the other and reads each after its write.
import { setTimeout } from 'node:timers/promises'
import { orThrow } from '@headwater/core'
import { createClient } from '@redis/client'
import { Ledger, nowNs } from '../../cache/ledger.ts'
import { rowCount } from '../../cache/rows.ts'
import { between } from '../../run/chance.ts'
import { replicaCacheKey } from '../replica-cache.ts'
import { connectStores, raise, rowCache } from '../rows.ts'
import { Loop, work } from '../work.ts'

const pauseMs = { least: 2, most: 20 }

await work(async (assignment) => {
  const stores = await connectStores(assignment)
  const cache = rowCache(stores)
  const ledger = new Ledger(assignment.ledgerPath, 1)
  const replicaCache = createClient({ url: assignment.redisUrl }).on('error', () => undefined)
  await replicaCache.connect()
  let current = { key: 0, version: 0 }
  stores.diagnostics.on('invalidation:intent', () => {
    ledger.note('degraded', current.key, current.version)
  })
  const loop = new Loop(async () => {
    const key = Math.floor(Math.random() * rowCount)
    current = { key, version: 0 }
    const beganAt = nowNs()
    const updated = (version: number): void => {
      current = { key, version }
      ledger.note('updated', key, version, { beganAt })
    }
    const written = await raise({ stores, cache, updated }, key)
    ledger.note(written.isOk() ? 'committed' : 'failed', key, current.version, { beganAt })
    await replicaCache.del(replicaCacheKey(key))
    const askedAt = nowNs()
    const found = await cache.get(key)
    if (found.isOk()) ledger.note('read', key, found.value?.version ?? 0, { beganAt: askedAt })
    await setTimeout(between(pauseMs.least, pauseMs.most))
  })
  return {
    stop: async () => {
      await loop.stop()
      ledger.close()
      replicaCache.destroy()
      orThrow(await stores.close())
    },
  }
})
