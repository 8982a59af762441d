// A process with a relay, whose sink takes its time for each event. Answers every further message
// with the number of events that it was handed.
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { connect, createRelay, defineSink, orThrow } from '@headwater/core'

const perEventMs = 1

process.once('disconnect', () => {
  process.exit(1)
})
const [{ url, redisUrl }] = (await once(process, 'message')) as [{ url: string; redisUrl: string }]
const stores = orThrow(await connect({ postgres: { url }, redis: { url: redisUrl } }))
let count = 0
const sink = defineSink({
  name: 'patient',
  types: ['*'],
  mode: 'log',
  handle: async (events) => {
    for (const _ of events) {
      await setTimeout(perEventMs)
      count += 1
    }
  },
})
createRelay(stores, { sinks: [sink] }).start()
process.on('message', () => process.send?.(count))
process.send?.(count)
