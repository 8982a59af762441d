import { operation, type Operation } from '../operation.ts'
import { rounded } from '../rounded.ts'

/** Whether the process is alive, whether it is ready for traffic, and how it does. */
export const healthOperations: readonly Operation[] = [
  // Asks no store: a process must not be restarted because its database is down.
  operation({
    method: 'GET',
    path: '/health/live',
    access: 'anyone',
    run: async () => ({ status: 200, body: { status: 'live' } }),
  }),
  operation({
    method: 'GET',
    path: '/health/ready',
    access: 'monitor',
    run: async (_request, { services: { stores }, health, isClosing }) => {
      const report = await health()
      const isReady = report.status !== 'down' && !stores.isClosing && !isClosing()
      const each = Object.entries(report.stores).map(([store, { status, latencyMs }]) => [
        store,
        { status, latencyMs: rounded(latencyMs) },
      ])
      const status = isReady ? 'ready' : 'not-ready'
      const body = { status, stores: Object.fromEntries(each) as object }
      return { status: isReady ? 200 : 503, body }
    },
  }),
  operation({
    method: 'GET',
    path: '/metrics',
    access: 'monitor',
    run: async (_request, { figures }) => ({ status: 200, body: rounded(await figures()) }),
  }),
]
