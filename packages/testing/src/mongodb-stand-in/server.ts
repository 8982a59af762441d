import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { type Clock, systemClock } from '@headwater/core'
import { cursorDefaults, Cursors } from './commands/cursors.ts'
import { serveConnection } from './connection.ts'
import { MongodbStore } from './store/mongodb-store.ts'

/** Options of {@link startMongodbStandIn}. */
export interface MongodbStandInOptions {
  /**
   * The port on loopback; 0 takes a free one.
   *
   * @defaultValue 0
   */
  port?: number
  /**
   * The data to serve. Pass the store of a stopped stand-in to restart it with its data.
   *
   * @defaultValue an empty store
   */
  store?: MongodbStore
  /**
   * Time between two removals of expired documents, in milliseconds.
   *
   * @defaultValue 60_000
   */
  ttlIntervalMs?: number
  /**
   * Time after which an idle cursor is closed, in milliseconds.
   *
   * @defaultValue 600_000
   */
  cursorIdleMs?: number
  /**
   * Time after which the cursor of a closed connection is closed, in milliseconds. The client may
   * read on over another of its connections until then.
   *
   * @defaultValue 1_000
   */
  cursorOrphanMs?: number
  /**
   * The clock of TTL indexes and cursors.
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
  /** The number of open cursors. */
  openCursors(): number
  /** Removes the documents that TTL indexes have expired, and returns their number. */
  expireNow(): number
  /** Closes every connection and frees the port. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts a server on loopback that speaks MongoDB's wire protocol, so that the official driver runs
 * unmodified. It behaves like a standalone mongod and answers unimplemented requests with an error.
 * Rejects when the port is taken.
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
