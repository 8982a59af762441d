import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Api } from '../api.ts'
import { closeDefaults, closeServices, type RunningHost } from '../host.ts'
import { HttpEnding } from './http-ending.ts'
import type { Services } from '../services.ts'

/** The parts of a host that answers by the API. */
export interface Served {
  readonly api: Api
  readonly services: Services
}

/** Listens on 127.0.0.1 with a server of Node.js that answers by the API. */
export async function serveHttp(
  server: Server,
  { port, ...parts }: Served & { readonly port: number },
): Promise<RunningHost> {
  await listen(server, port)
  return hostOn(server, parts)
}

/** The host that a listening server is, with an end in order. */
export function hostOn(server: Server, { api, services }: Served): RunningHost {
  const ending = new HttpEnding(server)
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

/** Listens on a port of 127.0.0.1. */
export async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}

/** The URL of a server that listens. */
export function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
