// A process without a relay that commits an event whenever it is asked to.
import { once } from 'node:events'
import { connect, orThrow } from '@headwater/core'
import { commitEvents } from './commit-events.ts'

process.once('disconnect', () => {
  process.exit(1)
})
const [{ url, redisUrl }] = (await once(process, 'message')) as [{ url: string; redisUrl: string }]
const stores = orThrow(await connect({ postgres: { url }, redis: { url: redisUrl } }))
process.on('message', (aggregateId: number) => {
  void commitEvents(stores, [aggregateId]).then((committedAt) => process.send?.(committedAt))
})
process.send?.(0)
