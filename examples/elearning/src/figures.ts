import { outbox } from '@headwater/core'
import type { Services } from './services.ts'

/** The SDK's metrics since the start, and the lag of the relay. */
export async function figuresOf({ metrics, stores }: Services): Promise<object> {
  const { relay: sinks, ...snapshot } = metrics.snapshot()
  const status = await outbox(stores).status()
  const lag = status.isErr()
    ? null
    : status.value.sinks.map(({ sink, lagEvents, lagMs, parked, dead }) => ({
        sink,
        lagEvents,
        lagMs,
        parked,
        dead,
      }))
  return { ...snapshot, relay: { sinks, lag } }
}
