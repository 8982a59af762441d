import express from 'express'
import type { Express } from 'express'
import { identify } from './caller.ts'
import { errorHandler, noSuchRoute } from './error-response.ts'
import { createLimits, limitDefaults } from './rate-limit.ts'
import type { Limits } from './rate-limit.ts'
import { accountRoutes } from './routes/account-routes.ts'
import { courseRoutes } from './routes/course-routes.ts'
import { enrollmentRoutes } from './routes/enrollment-routes.ts'
import { healthRoutes } from './routes/health-routes.ts'
import { metricsRoutes } from './routes/metrics-routes.ts'
import { searchRoutes } from './routes/search-routes.ts'
import { sessionRoutes } from './routes/session-routes.ts'
import { userRoutes } from './routes/user-routes.ts'
import type { Services } from './services.ts'

/** Options of {@link createApp}. */
export interface AppOptions {
  /**
   * Requests per minute by kind of route, where they differ from `limitDefaults`.
   *
   * @defaultValue `{}`
   */
  readonly limits?: Partial<Limits>
  /**
   * Whether browsers send the session cookie over TLS only.
   *
   * @defaultValue `false`
   */
  readonly secureCookies?: boolean
  /**
   * Whether the server is about to stop, and so not ready.
   *
   * @defaultValue never
   */
  readonly isClosing?: () => boolean
  /**
   * Called with every error that ended in a bare 500.
   *
   * @defaultValue silent
   */
  readonly onError?: (error: unknown) => void
}

const appDefaults = {
  limits: {},
  secureCookies: false,
  isClosing: () => false,
  onError: () => undefined,
} as const satisfies AppOptions

const maxBody = '64kb'

/** Creates the e-learning API, which does not listen yet. */
export function createApp(services: Services, options: AppOptions = {}): Express {
  const { limits, secureCookies, isClosing, onError } = { ...appDefaults, ...options }
  const limit = createLimits(services.stores, { ...limitDefaults, ...limits })
  const app = express()
  app.disable('x-powered-by')
  app.use((_request, response, next) => {
    response.set({ 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' })
    next()
  })
  app.use(healthRoutes({ services, isClosing }))
  app.use(metricsRoutes(services))
  app.use(identify(services), express.json({ limit: maxBody }))
  app.use(userRoutes({ services, limit }))
  app.use(sessionRoutes({ services, limit, secureCookies }))
  app.use(accountRoutes({ services, limit, secureCookies }))
  app.use(courseRoutes({ services, limit }))
  app.use(enrollmentRoutes({ services, limit }))
  app.use(searchRoutes({ services, limit }))
  app.use(noSuchRoute)
  app.use(errorHandler(onError))
  return app
}
