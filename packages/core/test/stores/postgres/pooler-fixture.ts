import { once } from 'node:events'
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net'

/**
 * A pooler in transaction mode, as far as failovers go: when its servers change, each client keeps
 * its connection and is on the new server from its next transaction on. Clients are not told.
 */
export interface Pooler {
  readonly url: string
  /** Makes the server at another URL the one that answers. */
  moveTo(url: string): Promise<void>
  close(): Promise<void>
}

/** Starts a pooler in front of a server. Connect with `prepare: false`. */
export async function startPooler(url: string): Promise<Pooler> {
  const links = new Set<PooledLink>()
  let target = url
  const listener = createServer((client) => {
    const link = new PooledLink(client, target)
    links.add(link)
    client.once('close', () => links.delete(link))
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const own = new URL(url)
  own.port = String((listener.address() as AddressInfo).port)
  return {
    url: own.href,
    moveTo: async (next) => {
      target = next
      await Promise.all([...links].map((link) => link.moveTo(next)))
    },
    close: async () => {
      for (const link of links) link.end()
      listener.close()
      await once(listener, 'close')
    },
  }
}

const idle = 'I'.charCodeAt(0)
const readyForQuery = 'Z'.charCodeAt(0)

/** The link between one client and the server that answers it. */
class PooledLink {
  readonly #client: Socket
  #server: Socket
  #startup: Buffer | undefined
  #isBusy = true
  #held: Buffer[] | undefined
  #onIdle: () => void = () => undefined

  constructor(client: Socket, url: string) {
    this.#client = client
    this.#server = this.#open(url, (message) => client.write(message))
    client.on('data', (data) => {
      this.#startup ??= data
      if (this.#held === undefined) {
        this.#isBusy = true
        this.#server.write(data)
      } else this.#held.push(data)
    })
    client.on('error', () => undefined)
    client.once('close', () => {
      this.#server.destroy()
      this.#becomeIdle()
    })
  }

  /** Moves to another server once no transaction is open. */
  async moveTo(url: string): Promise<void> {
    if (this.#isBusy) await new Promise<void>((resolve) => (this.#onIdle = resolve))
    if (this.#client.destroyed) return
    const held: Buffer[] = (this.#held = [])
    this.#server.removeAllListeners('close')
    this.#server.destroy()
    this.#isBusy = true
    let isReady = false
    this.#server = this.#open(url, (message) => isReady && this.#client.write(message))
    this.#server.write(this.#startup ?? '')
    if (this.#isBusy) await new Promise<void>((resolve) => (this.#onIdle = resolve))
    isReady = true
    this.#held = undefined
    for (const data of held) {
      this.#isBusy = true
      this.#server.write(data)
    }
  }

  end(): void {
    this.#client.destroy()
    this.#server.destroy()
  }

  #open(url: string, forward: (message: Buffer) => unknown): Socket {
    const { hostname, port } = new URL(url)
    const server = createConnection({ host: hostname, port: Number(port) })
    let rest = Buffer.alloc(0)
    server.on('data', (data) => {
      rest = Buffer.concat([rest, data])
      while (rest.length >= 5 && rest.length > rest.readInt32BE(1)) {
        const message = rest.subarray(0, rest.readInt32BE(1) + 1)
        rest = rest.subarray(message.length)
        forward(message)
        if (message[0] === readyForQuery && message[5] === idle) this.#becomeIdle()
      }
    })
    server.on('error', () => undefined)
    server.once('close', () => this.#client.destroy())
    return server
  }

  #becomeIdle(): void {
    this.#isBusy = false
    this.#onIdle()
  }
}
