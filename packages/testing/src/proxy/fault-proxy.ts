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
 * A TCP proxy between a client and its store, and the faults it can play. Faults apply to open
 * connections and to new ones, until {@link FaultProxy.restore}.
 */
export interface FaultProxy {
  /** The store's URL with the proxy's address in place of the store's. */
  readonly url: string
  /** The port it listens on, on 127.0.0.1. */
  readonly port: number
  /** Connections that are open now. */
  readonly connections: number
  /** Connections that were ever opened. */
  readonly connectionsTotal: number
  /** Bytes that clients sent. */
  readonly bytesToServer: number
  /** Bytes that the store sent. */
  readonly bytesToClient: number
  /**
   * How often a client sent something, and then had an answer, since the proxy began: all that is
   * sent before the first answer is one round trip, so one pipelined flush is one. The handshake of
   * a connection counts; take the difference of two readings.
   */
  roundTrips(): number
  /** Connections on which the client was the last to send. */
  readonly unanswered: number
  /** Resets all connections, and each new one at once. What was under way is lost. */
  cut(): void
  /**
   * Connections stay open and new ones are accepted, but nothing passes. What is sent arrives after
   * {@link FaultProxy.restore}.
   */
  hang(): void
  /** Each direction takes this many milliseconds longer, so a round trip takes twice as many. */
  delay(ms: number): void
  /** Ends all faults; what was held passes, in order. */
  restore(): void
  /** Ends the proxy and all its connections; may be called again. */
  close(): Promise<void>
}

/**
 * Starts a {@link FaultProxy} in front of the store of a `postgres:`, `redis:`, `mongodb:` or
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
  readonly #upstream: Upstream
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

  close(): Promise<void> {
    return (this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve())
      for (const link of [...this.links]) link.reset()
    }))
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

/** One client's connection and the one to the store that belongs to it. */
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
