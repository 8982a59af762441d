import { Router } from 'express'
import type { Services } from '../services.ts'

interface HealthParts {
  readonly services: Services
  readonly isClosing: () => boolean
}

/** Whether the process lives, and whether traffic should be sent to it. */
export function healthRoutes({ services: { stores }, isClosing }: HealthParts): Router {
  const router = Router()

  // Touches no store: a process is not restarted because its database is away.
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
