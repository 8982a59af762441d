import {
  hostDefaults,
  maxBodyBytes,
  operations,
  safetyHeaders,
} from '@headwater-examples/elearning'
import type { Api, HostOptions } from '@headwater-examples/elearning'
import express from 'express'
import type { Express } from 'express'
import { errorHandler, noSuchRoute } from './error-response.ts'
import { routeOf } from './route.ts'

/** Creates the e-learning API as an Express application, which does not listen yet. */
export function createApp(
  api: Api,
  { trustedProxies = hostDefaults.trustedProxies }: Pick<HostOptions, 'trustedProxies'> = {},
): Express {
  const app = express()
  app.disable('x-powered-by')
  // Without it everyone behind the proxy has its address, and shares one limit.
  app.set('trust proxy', trustedProxies)
  app.use((_request, response, next) => {
    response.set(safetyHeaders)
    next()
  })
  app.use(express.json({ limit: maxBodyBytes }))
  for (const operation of operations)
    app.route(operation.path)[methodOf(operation.method)](routeOf(api, operation))
  app.use(noSuchRoute(api))
  app.use(errorHandler(api))
  return app
}

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

function methodOf(method: Uppercase<Method>): Method {
  return method.toLowerCase() as Method
}
