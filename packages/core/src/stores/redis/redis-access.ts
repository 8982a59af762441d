import type { createClient } from '@redis/client'
import { type Credential, type CredentialRead, readCredential } from '../credential.ts'
import { secureOptions } from '../tls/tls-options.ts'
import type { RedisSettings } from './redis-options.ts'

type ClientOptions = NonNullable<Parameters<typeof createClient>[0]>

/** How a client gets to its servers and who it is there. */
export interface RedisAccess {
  /** The servers, without a password where `credentialsProvider` has it; none beside Sentinels. */
  readonly urls: readonly string[]
  /** TLS of the sockets, where it is more than the URLs say. */
  readonly socket: object
  /** The user and the password, asked for whenever a connection is made. */
  readonly credentialsProvider?: NonNullable<ClientOptions['credentialsProvider']>
}

/**
 * The access that the options describe. A cluster's client uses the URLs of its root nodes to find
 * the other nodes alone: their user, password and TLS are those of every node here.
 */
export function accessOf(settings: RedisSettings): RedisAccess {
  const { url, rootNodes, sentinels, password, tls } = settings
  const given = rootNodes ?? (url === undefined ? [] : [url])
  const isByUrl = rootNodes === undefined && sentinels === undefined
  if (isByUrl && password === undefined && tls === undefined) return { urls: given, socket: {} }
  const urls = given.map((one) => new URL(one))
  const isSecure = tls !== undefined || urls.some(({ protocol }) => protocol === 'rediss:')
  const credentials = credentialsOf(urls, settings)
  for (const one of urls) {
    if (isSecure) one.protocol = 'rediss:'
    if (credentials !== undefined) one.username = one.password = ''
  }
  return {
    urls: urls.map(({ href }) => href),
    socket: {
      ...(tls === undefined ? {} : secureOptions(tls)),
      ...(isSecure && !isByUrl ? { tls: true } : {}),
    },
    ...(credentials === undefined ? {} : { credentialsProvider: credentials }),
  }
}

/** How a client gets to a Sentinel and who it is there. */
export function sentinelAccessOf(settings: RedisSettings): Omit<RedisAccess, 'urls'> {
  const { sentinelUsername: username, sentinelPassword, connectTimeoutMs, tls } = settings
  const socket = tls === undefined ? {} : { ...secureOptions(tls), tls: true }
  if (sentinelPassword === undefined) return { socket }
  const read = { option: 'redis.sentinelPassword', deadlineMs: connectTimeoutMs }
  return { socket, credentialsProvider: providerOf(username, sentinelPassword, read) }
}

function credentialsOf(
  urls: readonly URL[],
  { username, password, connectTimeoutMs }: RedisSettings,
): RedisAccess['credentialsProvider'] {
  const named = urls.find((url) => url.username !== '' || url.password !== '')
  const credential: Credential = password ?? decodeURIComponent(named?.password ?? '')
  if (credential === '') return undefined
  const user = username ?? decodeURIComponent(named?.username ?? '')
  const read = { option: 'redis.password', deadlineMs: connectTimeoutMs }
  return providerOf(user === '' ? undefined : user, credential, read)
}

function providerOf(
  username: string | undefined,
  password: Credential,
  read: CredentialRead,
): NonNullable<RedisAccess['credentialsProvider']> {
  return {
    type: 'async-credentials-provider',
    credentials: async () => ({
      ...(username === undefined ? {} : { username }),
      password: await readCredential(password, read),
    }),
  }
}
