import { Router } from 'express'
import type { Services } from '../services.ts'

interface HealthDeps {
  readonly services: Services
  readonly isClosing: () => boolean
}

/** Routes that say whether the process is alive, and whether it is ready for traffic. */
export function healthRoutes({ services: { stores }, isClosing }: HealthDeps): Router {
  const router = Router()

  // Asks no store: a process must not be restarted because its database is down.
  router.get('/health/live', (_request, response) => {
    response.json({ status: 'live' })
  })

  router.get('/health/ready', async (_request, response) => {
    const health = await stores.health()
    const isReady = health.status !== 'down' && !stores.isClosing && !isClosing()
    const each = Object.entries(health.stores).map(([store, { status, latencyMs }]) => [
      store,
      { status, latencyMs },
    ])
    response
      .status(isReady ? 200 : 503)
      .json({ status: isReady ? 'ready' : 'not-ready', stores: Object.fromEntries(each) as object })
  })

  return router
}
