import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect, migrate, orThrow } from '@headwater/core'
import type { ConnectOptions } from '@headwater/core'
import { repositoriesMigrations } from '@headwater/repositories'
import { searchMigrations } from '@headwater/search'
import { createApp } from './app.ts'
import type { AppOptions } from './app.ts'
import { createServices } from './services.ts'
import type { ServiceOptions, Services } from './services.ts'

/** Options of {@link serve}. */
export interface ServeOptions extends Omit<AppOptions, 'isClosing'> {
  /**
   * The port on 127.0.0.1.
   *
   * @defaultValue `0`: a free one
   */
  readonly port?: number
}

/** Options of {@link startServer}. */
export interface StartOptions extends ServeOptions, Omit<ServiceOptions, 'index'> {
  /** The options of the stores. */
  readonly connect: ConnectOptions
}

/** A running server of the API. */
export interface RunningServer {
  /** Its URL. */
  readonly url: string
  /**
   * Ends the server. It is no longer ready and accepts no connection; requests under way may
   * finish, then the relay and then the stores end. At the deadline the rest is cut off and the
   * result is `false`. Idempotent.
   */
  close(deadline?: { readonly deadlineMs?: number }): Promise<boolean>
}

const serveDefaults = { port: 0 } as const
const closeDefaults = { deadlineMs: 10_000 } as const

/**
 * Connects, migrates, starts the relay and serves the API.
 *
 * @throws FailureError when a required store does not connect or the migration fails; Error when
 *   the port is taken.
 */
export async function startServer({
  connect: connection,
  embedder,
  ...options
}: StartOptions): Promise<RunningServer> {
  const stores = orThrow(await connect(connection))
  try {
    orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
    const services = createServices(stores, { embedder })
    services.relay.start()
    return await serve(services, options)
  } catch (error) {
    await stores[Symbol.asyncDispose]()
    throw error
  }
}

/** Serves the API on existing services. */
export async function serve(
  services: Services,
  options: ServeOptions = {},
): Promise<RunningServer> {
  const { port, ...appOptions } = { ...serveDefaults, ...options }
  let closing: Promise<boolean> | undefined
  const server = createServer(
    createApp(services, { ...appOptions, isClosing: () => closing !== undefined }),
  )
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  // A connection kept alive after its last answer would keep the server from ending.
  server.on('request', (_request, response) =>
    response.once('close', () => {
      if (closing)
        setImmediate(() => {
          server.closeIdleConnections()
        })
    }),
  )
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: ({ deadlineMs = closeDefaults.deadlineMs } = {}) =>
      (closing ??= end({ server, sockets, services, deadlineMs })),
  }
}

interface Ending {
  readonly server: Server
  readonly sockets: ReadonlySet<Socket>
  readonly services: Services
  readonly deadlineMs: number
}

async function end({
  services: { relay, stores, metrics },
  deadlineMs,
  ...http
}: Ending): Promise<boolean> {
  const endMs = performance.now() + deadlineMs
  const leftMs = () => Math.max(1, endMs - performance.now())
  // The stores get a third of the time, however long requests take.
  const hasAnswered = await endHttp({ ...http, deadlineMs: (deadlineMs * 2) / 3 })
  const relayed = await relay.stop({ deadlineMs: leftMs() / 2 })
  const closed = await stores.close({ deadlineMs: leftMs() })
  metrics.stop()
  return hasAnswered && relayed.isOk() && closed.isOk()
}

function endHttp({ server, sockets, deadlineMs }: Omit<Ending, 'services'>): Promise<boolean> {
  return new Promise((resolve) => {
    let hasAnswered = true
    const timer = setTimeout(() => {
      hasAnswered = false
      server.closeAllConnections()
    }, deadlineMs)
    server.close(() => {
      clearTimeout(timer)
      resolve(hasAnswered)
    })
    // Browsers open connections that they may never use; to Node those are not idle.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  })
}
