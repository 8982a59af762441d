import { isIP, Socket } from 'node:net'
import type { Client, ClientConfig } from 'pg'
import { readCredential } from '../credential.ts'
import { secureOptions } from '../tls/tls-options.ts'
import type { PostgresSettings } from './postgres-options.ts'

/** How a connection gets to the server and who it is there. */
export type PostgresAccess = Pick<PostgresSettings, 'url' | 'password' | 'tls'>

/** Names of what a URL says of TLS, which `tls` replaces. */
const tlsParameters = ['ssl', 'sslmode', 'sslcert', 'sslkey', 'sslrootcert', 'uselibpqcompat']

/** The server's address and the TLS of its connections, as `pg` takes them. */
export function addressOf({ url, tls }: PostgresAccess): ClientConfig {
  if (url === undefined) return {}
  if (tls === undefined) return { connectionString: url }
  const address = new URL(url)
  for (const name of tlsParameters) address.searchParams.delete(name)
  const host = address.searchParams.get('host') ?? address.hostname.replace(/^\[|\]$/g, '')
  const { servername, ...files } = secureOptions(tls)
  if (servername === undefined || isIP(host) !== 0) {
    // Before 8.22 `pg` compared the certificate of an address with `localhost`.
    const ssl = { host, ...files, ...(servername === undefined ? {} : { servername }) }
    return { connectionString: address.href, ssl }
  }
  // `pg` asks for the certificate of its host whenever that is a name: so the host is that name
  // here, and the socket goes to the server.
  address.searchParams.delete('host')
  address.hostname = servername
  return { connectionString: address.href, ssl: files, stream: () => socketTo(host) }
}

/**
 * Lets a client ask for its password when it connects. `pg` takes a URL without a password for one
 * with an empty password, whatever its other options say.
 */
export function givePassword(client: Client, { password }: PostgresAccess, deadlineMs: number) {
  if (password === undefined) return
  const read = () => readCredential(password, { option: 'postgres.password', deadlineMs })
  Reflect.set(client, 'password', typeof password === 'string' ? password : read)
}

/** The same password and TLS for another URL of the server; a password of that URL counts. */
export function accessTo(url: string, { password, tls }: PostgresAccess): PostgresAccess {
  const isKnown = (URL.parse(url)?.password ?? '') !== ''
  return {
    url,
    ...(password === undefined || isKnown ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  }
}

function socketTo(host: string): Socket {
  const socket = new Socket()
  const connect = socket.connect.bind(socket) as (port: number, host: string) => Socket
  return Object.assign(socket, { connect: (port: number) => connect(port, host) })
}
