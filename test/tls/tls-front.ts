import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createServer, type TlsOptions } from 'node:tls'

/** A server that speaks TLS in front of one that does not. */
export interface TlsFront extends AsyncDisposable {
  /** Its address, for instance `127.0.0.1:40001`. */
  readonly host: string
  /** The names that clients asked for in their handshakes. */
  readonly askedFor: readonly string[]
}

/** Starts a server that passes on to the server at `url` what it receives over TLS. */
export async function tlsFront(url: string, options: TlsOptions): Promise<TlsFront> {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  const askedFor: string[] = []
  const server = createServer({ ...options, minVersion: 'TLSv1.2' }, (client) => {
    if (typeof client.servername === 'string') askedFor.push(client.servername)
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        client.destroy()
        upstream.destroy()
      })
    }
    client.pipe(upstream).pipe(client)
  })
  // A client that refuses the certificate.
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    askedFor,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
