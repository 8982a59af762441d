import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Api } from './api.ts'
import { closeDefaults, closeServices, type RunningHost } from './host.ts'
import { HttpEnding } from './http-ending.ts'
import type { Services } from './services.ts'

/** Listens on 127.0.0.1 with a server of Node.js that answers by the API. */
export async function serveHttp(
  server: Server,
  {
    api,
    services,
    port,
  }: { readonly api: Api; readonly services: Services; readonly port: number },
): Promise<RunningHost> {
  const ending = new HttpEnding(server)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  let closing: Promise<boolean> | undefined
  const close = async (deadlineMs: number): Promise<boolean> => {
    api.beginClose()
    // The stores get a third of the time, however long requests take.
    const hasAnswered = await ending.end((deadlineMs * 2) / 3)
    return (await closeServices(services, deadlineMs / 3)) && hasAnswered
  }
  return {
    url: urlOf(server),
    close: ({ deadlineMs = closeDefaults.deadlineMs } = {}) => (closing ??= close(deadlineMs)),
  }
}

/** The URL of a server that listens. */
export function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
