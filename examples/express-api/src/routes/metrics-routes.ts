import { outbox } from '@headwater/core'
import { Router } from 'express'
import type { Services } from '../services.ts'

/** Route of the SDK's metrics since the start, and of the lag of the relay. */
export function metricsRoutes({ metrics, stores: connected }: Services): Router {
  const router = Router()

  router.get('/metrics', async (_request, response) => {
    const {
      cache,
      stores,
      search,
      activity,
      relay: sinks,
      transactions,
      failures,
      periodMs,
    } = metrics.snapshot()
    const status = await outbox(connected).status()
    const lag = status.isErr()
      ? null
      : status.value.sinks.map(({ sink, lagEvents, lagMs, parked, dead }) => ({
          sink,
          lagEvents,
          lagMs,
          parked,
          dead,
        }))
    response.json({
      periodMs,
      cache,
      stores,
      search,
      activity,
      relay: { sinks, lag },
      transactions,
      failures,
    })
  })

  return router
}
