import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import {
  Api,
  clientAddress,
  hostDefaults,
  hostOn,
  listen,
  urlOf,
} from '@headwater-examples/elearning'
import type { HostOptions, RunningHost, Services } from '@headwater-examples/elearning'
import next from 'next'
import { addressHeader } from './ask.ts'
import { headwater, provide } from './headwater.ts'

type RequestHandler = ReturnType<ReturnType<typeof next>['getRequestHandler']>

const dir = fileURLToPath(new URL('..', import.meta.url))

/** Serves what `next build` made, on services. */
export function serve(services: Services, options: HostOptions = {}): Promise<RunningHost> {
  const { port, trustedProxies, ...apiOptions } = { ...hostDefaults, ...options }
  provide({ services, api: new Api(services, apiOptions) })
  return start({ port, trustedProxies })
}

/** Serves what `next build` made, on the services that instrumentation opens. */
export async function start({
  port = hostDefaults.port,
  trustedProxies = hostDefaults.trustedProxies,
}: Pick<HostOptions, 'port' | 'trustedProxies'>): Promise<RunningHost> {
  const prepared = Promise.withResolvers<RequestHandler>()
  const server = createServer((request, response) => {
    const remote = request.socket.remoteAddress ?? ''
    const forwardedFor = request.headers[addressHeader]?.toString()
    // Next.js would keep whatever address the client claims.
    request.headers[addressHeader] = clientAddress(remote, forwardedFor, trustedProxies)
    void prepared.promise.then((handle) => handle(request, response))
  })
  await listen(server, port)
  try {
    // After a server action Next.js fetches the page that it redirects to, from this address.
    const { hostname, port: listened } = new URL(urlOf(server))
    const app = next({ dir, hostname, port: Number(listened) })
    await app.prepare()
    prepared.resolve(app.getRequestHandler())
    const host = hostOn(server, await headwater())
    return { ...host, url: `${host.url}/api` }
  } catch (error) {
    server.close()
    server.closeAllConnections()
    throw error
  }
}
