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
  /** Where the stores are. */
  readonly connect: ConnectOptions
}

/** The API, being served. */
export interface RunningServer {
  /** Where it is served. */
  readonly url: string
  /**
   * Ends it: not ready and no new connection from now on; requests under way may finish, then the
   * relay, then the stores end. What has not ended by the deadline is cut off, and the answer is
   * `false`. May be called again, to the same end.
   */
  close(deadline?: { readonly deadlineMs?: number }): Promise<boolean>
}

const serveDefaults = { port: 0 } as const
const closeDefaults = { deadlineMs: 10_000 } as const

/**
 * Connects, migrates, starts the relay and serves the API.
 *
 * @throws UnexpectedFailure when a required store cannot be had or the migration fails; Error when
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

/** Serves the API on services that are set up already. */
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
  // A connection that is kept alive past its last answer would keep the server from ending.
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
    // To Node these are not idle: browsers open connections that they may never use.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  })
}
