import {
  allDelivered,
  createRelay,
  defineSink,
  okAsync,
  orThrow,
  type Stores,
} from '@headwater/core'
import { purge } from '../../packages/core/src/outbox/log/purge.ts'
import { eventCount } from './backlog.ts'

/**
 * Runs a relay with default options until one sink has received all events and acknowledged them.
 */
export async function relayAll(stores: Stores): Promise<void> {
  let count = 0
  const { promise: done, resolve } = Promise.withResolvers<undefined>()
  const sink = defineSink({
    name: 'no-op',
    types: ['*'],
    mode: 'log',
    handle: (events) => {
      count += events.length
      if (count >= eventCount) resolve(undefined)
      return okAsync(allDelivered)
    },
  })
  const relay = createRelay(stores, { sinks: [sink] })
  relay.start()
  await done
  orThrow(await relay.stop())
}

/**
 * Deletes the delivered events, as a relay does once they are older than its retention.
 *
 * @throws Error when events are left, since then the round did less work than the other side's.
 */
export async function purgeAll({ postgres: { client } }: Stores): Promise<void> {
  const purged = await purge(client, { retentionMs: 0 })
  if (purged !== eventCount)
    throw new Error(`${eventCount - purged} events were not purged, so the figure would flatter`)
}
