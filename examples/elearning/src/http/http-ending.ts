import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** Ends a server of Node.js without cutting off who is being answered. */
export class HttpEnding {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isEnding = false

  constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    // A connection kept alive after its last answer would keep the server from ending.
    server.on('request', (_request, response) =>
      response.once('close', () => {
        if (this.#isEnding)
          setImmediate(() => {
            server.closeIdleConnections()
          })
      }),
    )
  }

  /** Takes no new connection and waits for the answers; `false` when they had to be cut off. */
  async end(deadlineMs: number): Promise<boolean> {
    this.#isEnding = true
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => {
      resolve(false)
      this.#server.closeAllConnections()
    }, deadlineMs)
    this.#server.close(() => {
      resolve(true)
    })
    this.closeUnused()
    try {
      return await promise
    } finally {
      clearTimeout(timer)
    }
  }

  /** Closes connections without a request. Browsers open some that they may never use. */
  closeUnused(): void {
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy()
  }
}
