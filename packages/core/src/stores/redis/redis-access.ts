import type { createClient } from '@redis/client'
import { type Credential, readCredential } from '../credential.ts'
import { secureOptions } from '../tls/tls-options.ts'
import type { RedisSettings } from './redis-options.ts'

type ClientOptions = NonNullable<Parameters<typeof createClient>[0]>

/** How a client gets to its servers and who it is there. */
export interface RedisAccess {
  /** The servers, without a password where `credentialsProvider` has it. */
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
  const { url, rootNodes, password, tls } = settings
  const given = rootNodes ?? (url === undefined ? [] : [url])
  if (rootNodes === undefined && password === undefined && tls === undefined)
    return { urls: given, socket: {} }
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
      ...(isSecure && rootNodes !== undefined ? { tls: true } : {}),
    },
    ...(credentials === undefined ? {} : { credentialsProvider: credentials }),
  }
}

function credentialsOf(
  urls: readonly URL[],
  { password, connectTimeoutMs }: RedisSettings,
): RedisAccess['credentialsProvider'] {
  const named = urls.find((url) => url.username !== '' || url.password !== '')
  const credential: Credential = password ?? decodeURIComponent(named?.password ?? '')
  if (credential === '') return undefined
  const read = { option: 'redis.password', deadlineMs: connectTimeoutMs }
  return {
    type: 'async-credentials-provider',
    credentials: async () => ({
      ...(named === undefined || named.username === ''
        ? {}
        : { username: decodeURIComponent(named.username) }),
      password: await readCredential(credential, read),
    }),
  }
}
