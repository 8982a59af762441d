import { createServer } from 'node:http'
import { Api, hostDefaults, serveHttp } from '@headwater-examples/elearning'
import type { HostOptions, RunningHost, Services } from '@headwater-examples/elearning'
import { createApp } from './app.ts'

/** Serves the API with Express. */
export async function serve(services: Services, options: HostOptions = {}): Promise<RunningHost> {
  const { port, trustedProxies, ...apiOptions } = { ...hostDefaults, ...options }
  const api = new Api(services, apiOptions)
  const server = createServer(createApp(api, { trustedProxies }))
  return serveHttp(server, { api, services, port })
}
