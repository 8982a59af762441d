import { once } from 'node:events'
import {
  createConnection,
  createServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net'
import { Pipe, type Fault } from './fault-pipe.ts'
import { proxiedUrl, upstreamOf, type Upstream } from './proxied-url.ts'
import { resetSocket } from './reset-socket.ts'

/**
 * A TCP proxy between a client and its store. Its faults apply to open and new connections until
 * {@link FaultProxy.restore}.
 */
export interface FaultProxy {
  /** The store's URL with the proxy's address in place of the store's. */
  readonly url: string
  /** Its port on 127.0.0.1. */
  readonly port: number
  /** Open connections. */
  readonly connections: number
  /** Connections opened since the start. */
  readonly connectionsTotal: number
  /** Bytes sent by clients. */
  readonly bytesToServer: number
  /** Bytes sent by the store. */
  readonly bytesToClient: number
  /**
   * Round trips since the start. All data that a client sends before the first answer is one round
   * trip, so one pipelined flush counts once. The handshake of a connection counts as well: take
   * the difference of two readings.
   */
  roundTrips(): number
  /** Connections on which the client was the last to send. */
  readonly unanswered: number
  /** Resets all connections, and every new one at once. Data in flight is lost. */
  cut(): void
  /**
   * Keeps connections open and accepts new ones, but forwards nothing. Data sent in the meantime
   * arrives after {@link FaultProxy.restore}.
   */
  hang(): void
  /** Delays each direction by so many milliseconds, and a round trip by twice as many. */
  delay(ms: number): void
  /** Limits each direction of each connection to so many bytes per second. */
  throttle(bytesPerSecond: number): void
  /**
   * Sends new connections to another store and resets the open ones, as an address that moves with
   * a failover. {@link FaultProxy.url} stays.
   */
  moveTo(url: string): void
  /** Ends all faults and forwards held data in order. */
  restore(): void
  /** Closes the proxy and all its connections. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts a {@link FaultProxy} in front of the store at a `postgres:`, `redis:`, `mongodb:` or
 * `http:` URL with one host.
 */
export async function faultProxy(url: string): Promise<FaultProxy> {
  const proxy = new TcpProxy(upstreamOf(url))
  await proxy.listen()
  return new UrlProxy(url, proxy)
}

class UrlProxy implements FaultProxy {
  readonly url: string
  readonly port: number
  readonly #proxy: TcpProxy

  constructor(url: string, proxy: TcpProxy) {
    this.#proxy = proxy
    this.port = proxy.port
    this.url = proxiedUrl(url, proxy.port)
  }

  get connections(): number {
    return this.#proxy.links.size
  }
  get connectionsTotal(): number {
    return this.#proxy.connectionsTotal
  }
  get bytesToServer(): number {
    return this.#proxy.traffic.bytesToServer
  }
  get bytesToClient(): number {
    return this.#proxy.traffic.bytesToClient
  }
  roundTrips(): number {
    return this.#proxy.traffic.roundTrips
  }
  get unanswered(): number {
    return [...this.#proxy.links].filter((link) => link.awaitsAnswer).length
  }
  cut(): void {
    this.#proxy.apply({ kind: 'cut' })
  }
  hang(): void {
    this.#proxy.apply({ kind: 'hang' })
  }
  delay(ms: number): void {
    this.#proxy.apply({ kind: 'delay', ms })
  }
  throttle(bytesPerSecond: number): void {
    this.#proxy.apply({ kind: 'throttle', bytesPerSecond })
  }
  moveTo(url: string): void {
    this.#proxy.moveTo(upstreamOf(url))
  }
  restore(): void {
    this.#proxy.apply({ kind: 'none' })
  }
  close(): Promise<void> {
    return this.#proxy.close()
  }
}

interface Traffic {
  bytesToServer: number
  bytesToClient: number
  roundTrips: number
}

class TcpProxy {
  readonly traffic: Traffic = { bytesToServer: 0, bytesToClient: 0, roundTrips: 0 }
  readonly links = new Set<Link>()
  readonly #server: Server
  #upstream: Upstream
  connectionsTotal = 0
  #fault: Fault = { kind: 'none' }
  #closed: Promise<void> | undefined

  constructor(upstream: Upstream) {
    this.#upstream = upstream
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) =>
      this.#accept(client),
    )
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  apply(fault: Fault): void {
    this.#fault = fault
    for (const link of [...this.links]) link.apply(fault)
  }

  moveTo(upstream: Upstream): void {
    this.#upstream = upstream
    this.#resetLinks()
  }

  close(): Promise<void> {
    return (this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#resetLinks()
    }))
  }

  #resetLinks(): void {
    for (const link of [...this.links]) link.reset()
  }

  #accept(client: Socket): void {
    this.connectionsTotal++
    const server = createConnection({ ...this.#upstream, allowHalfOpen: true, noDelay: true })
    const link = new Link({
      client,
      server,
      traffic: this.traffic,
      ended: () => this.links.delete(link),
    })
    this.links.add(link)
    link.apply(this.#fault)
  }
}

/** One client's connection, paired with its connection to the store. */
class Link {
  awaitsAnswer = false
  readonly #client: Socket
  readonly #server: Socket
  readonly #pipes: readonly Pipe[]

  constructor({
    client,
    server,
    traffic,
    ended,
  }: {
    client: Socket
    server: Socket
    traffic: Traffic
    ended: () => void
  }) {
    this.#client = client
    this.#server = server
    const sent = (bytes: number) => {
      traffic.bytesToServer += bytes
      if (!this.awaitsAnswer) traffic.roundTrips++
      this.awaitsAnswer = true
    }
    const answered = (bytes: number) => {
      traffic.bytesToClient += bytes
      this.awaitsAnswer = false
    }
    this.#pipes = [
      new Pipe({ from: client, to: server, passed: sent }),
      new Pipe({ from: server, to: client, passed: answered }),
    ]
    let open = 2
    for (const socket of [client, server])
      socket.once('close', () => {
        if (--open === 0) ended()
      })
  }

  apply(fault: Fault): void {
    if (fault.kind === 'cut') this.reset()
    else for (const pipe of this.#pipes) pipe.apply(fault)
  }

  reset(): void {
    for (const pipe of this.#pipes) pipe.discard()
    resetSocket(this.#client)
    resetSocket(this.#server)
  }
}
