import {
  allDelivered,
  createRelay,
  defineSink,
  okAsync,
  orThrow,
  type Stores,
} from '@headwater/core'
import { eventCount } from './backlog.ts'

/**
 * Runs a relay with default options until one sink has been handed all events and that is written
 * down.
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
