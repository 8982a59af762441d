// Reads rows through the cache and near, with short pauses.
import { setTimeout } from 'node:timers/promises'
import { orThrow } from '@headwater/core'
import { Ledger, nowNs } from '../../cache/ledger.ts'
import { rowCount } from '../../cache/rows.ts'
import { between } from '../../run/chance.ts'
import { connectStores, rowCache } from '../rows.ts'
import { Loop, work } from '../work.ts'

const callers = 10
const pauseMs = { least: 5, most: 40 }

await work(async (assignment) => {
  const stores = await connectStores(assignment)
  const cache = rowCache(stores)
  const ledger = new Ledger(assignment.ledgerPath, 1_000)
  const loop = new Loop(async () => {
    const key = Math.floor(Math.random() * rowCount)
    const beganAt = nowNs()
    const near = cache.peek(key)
    if (near !== undefined) ledger.note('read', key, near.version, { beganAt })
    const askedAt = nowNs()
    const found = await cache.get(key)
    const version = found.map((row) => row?.version ?? 0).unwrapOr(0)
    ledger.note(found.isOk() ? 'read' : 'failed', key, version, { beganAt: askedAt })
    await setTimeout(between(pauseMs.least, pauseMs.most))
  }, callers)
  return {
    stop: async () => {
      await loop.stop()
      ledger.close()
      orThrow(await stores.close())
    },
  }
})
