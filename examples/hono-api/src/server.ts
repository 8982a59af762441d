import type { Server } from 'node:http'
import { Api, hostDefaults, serveHttp } from '@headwater-examples/elearning'
import type { HostOptions, RunningHost, Services } from '@headwater-examples/elearning'
import { createAdaptorServer } from '@hono/node-server'
import { createApp } from './app.ts'

/** Serves the API with Hono on Node.js. */
export async function serve(services: Services, options: HostOptions = {}): Promise<RunningHost> {
  const { port, trustedProxies, ...apiOptions } = { ...hostDefaults, ...options }
  const api = new Api(services, apiOptions)
  const server = createAdaptorServer({ fetch: createApp(api, trustedProxies).fetch }) as Server
  return serveHttp(server, { api, services, port })
}
