import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { type Clock, systemClock } from '@headwater/core'
import { cursorDefaults, Cursors } from './commands/cursors.ts'
import { serveConnection } from './connection.ts'
import { MongodbStore } from './store/mongodb-store.ts'

/** How a MongoDB stand-in is started. */
export interface MongodbStandInOptions {
  /**
   * The port on loopback; 0 takes a free one.
   *
   * @defaultValue 0
   */
  port?: number
  /**
   * The data to serve. Hand in the store of a stand-in that was stopped to start it again with what
   * it had.
   *
   * @defaultValue an empty store
   */
  store?: MongodbStore
  /**
   * How often expired documents are removed, in milliseconds.
   *
   * @defaultValue 60_000
   */
  ttlIntervalMs?: number
  /**
   * After how long a cursor that nobody reads is closed, in milliseconds.
   *
   * @defaultValue 600_000
   */
  cursorIdleMs?: number
  /**
   * After how long a cursor is closed whose client has disconnected, in milliseconds. Not at once,
   * because a client may go on reading over another of its connections.
   *
   * @defaultValue 1_000
   */
  cursorOrphanMs?: number
  /**
   * Where the time comes from, for TTL indexes and cursors.
   *
   * @defaultValue systemClock
   */
  clock?: Clock
}

/** The defaults of {@link MongodbStandInOptions}. */
export const mongodbStandInDefaults = {
  port: 0,
  ttlIntervalMs: 60_000,
  cursorIdleMs: cursorDefaults.idleMs,
  cursorOrphanMs: cursorDefaults.orphanMs,
  clock: systemClock,
} as const

/** A running stand-in. */
export interface MongodbStandIn {
  /** The connection string for any MongoDB driver. */
  readonly url: string
  /** The port on loopback. */
  readonly port: number
  /** Its data; survives `stop`. */
  readonly store: MongodbStore
  /** How many cursors are open. */
  openCursors(): number
  /** Removes now what TTL indexes say has expired; returns how many documents went. */
  expireNow(): number
  /** Closes every connection and frees the port. Stopping twice does nothing more. */
  stop(): Promise<void>
}

/**
 * Starts a server on loopback that speaks MongoDB's wire protocol, so that the official driver runs
 * unmodified. It behaves as a standalone mongod does; what it does not implement it answers with an
 * error. Rejects when the port is taken.
 *
 * @example
 * ```ts
 * const mongodb = await startMongodbStandIn()
 * const client = new MongoClient(mongodb.url)
 * ```
 */
export async function startMongodbStandIn(
  options: MongodbStandInOptions = {},
): Promise<MongodbStandIn> {
  const settings = { ...mongodbStandInDefaults, ...options }
  const store = options.store ?? new MongodbStore()
  const { clock } = settings
  const cursors = new Cursors(clock, {
    idleMs: settings.cursorIdleMs,
    orphanMs: settings.cursorOrphanMs,
  })
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    connections += 1
    serveConnection(socket, { store, cursors, clock, connectionId: connections })
  })
  const port = await listen(server, settings.port)
  const ttl = setInterval(() => store.expire(clock.now()), settings.ttlIntervalMs)
  const sweep = setInterval(
    () => cursors.sweep(),
    Math.min(settings.cursorOrphanMs, settings.cursorIdleMs),
  )
  return {
    url: `mongodb://127.0.0.1:${port}/?directConnection=true`,
    port,
    store,
    openCursors: () => cursors.size,
    expireNow: () => store.expire(clock.now()),
    stop: async () => {
      clearInterval(ttl)
      clearInterval(sweep)
      await close(server, sockets)
    },
  }
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function close(server: Server, sockets: Set<Socket>): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  for (const socket of sockets) socket.destroy()
  await closed
}
