import { isIP, Socket } from 'node:net'
import type { Client, ClientConfig } from 'pg'
import { readCredential } from '../credential.ts'
import { secureOptions, type Tls } from '../tls/tls-options.ts'
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

/**
 * The password and the TLS of a connection for another URL of the server: the password where that
 * URL names the same user and has none, the TLS where it says nothing of TLS, and the name of the
 * certificate where it has the same host.
 */
export function accessTo(
  url: string,
  { url: own = '', password, tls }: PostgresAccess,
): PostgresAccess {
  const [there, here] = [partsOf(url), partsOf(own)]
  const wantsPassword = there.password === '' && there.user === here.user
  const named = there.host === here.host ? tls : withoutName(tls)
  return {
    url,
    ...(password === undefined || !wantsPassword ? {} : { password }),
    ...(named === undefined || there.saysTls ? {} : { tls: named }),
  }
}

/** The parts of a URL as `pg` reads them: a parameter counts before what stands in front of it. */
function partsOf(text: string) {
  const url = URL.parse(text)
  const parameters = url?.searchParams ?? new URLSearchParams()
  return {
    user: parameters.get('user') ?? decodeURIComponent(url?.username ?? ''),
    password: parameters.get('password') ?? url?.password ?? '',
    host: (parameters.get('host') ?? url?.hostname ?? '').toLowerCase(),
    saysTls: tlsParameters.some((name) => parameters.has(name)),
  }
}

function withoutName(tls: Tls | undefined): Tls | undefined {
  if (tls === undefined || tls === true) return tls
  const { servername: _, ...files } = tls
  return files
}

function socketTo(host: string): Socket {
  const socket = new Socket()
  const connect = socket.connect.bind(socket) as (port: number, host: string) => Socket
  return Object.assign(socket, { connect: (port: number) => connect(port, host) })
}
