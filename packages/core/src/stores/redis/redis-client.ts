import {
  createClient,
  createCluster,
  type RedisClientType,
  type RedisClusterType,
} from '@redis/client'
import { accessOf, sentinelAccessOf } from './redis-access.ts'
import type { RedisSettings } from './redis-options.ts'
import type { RedisConnection } from './redis-store.ts'
import type { ServerAddress } from './server-address.ts'

/**
 * Makes the store's own client, not yet connected: it reconnects for ever, refuses commands while
 * it is offline, and sets no timer per command (the store has its own deadline). `primary` is the
 * server that Sentinels name; without it their client must not be connected.
 */
export function createRedisClient(
  settings: RedisSettings,
  primary?: ServerAddress,
): RedisConnection {
  const { urls, socket, ...credentials } = accessOf(settings)
  const shared = {
    disableOfflineQueue: true,
    commandOptions: { timeout: undefined as unknown as number },
    socket: {
      ...socket,
      connectTimeout: settings.connectTimeoutMs,
      reconnectStrategy: reconnectDelayMs,
    },
    ...credentials,
  }
  if (settings.rootNodes !== undefined)
    return createCluster({ rootNodes: urls.map((url) => ({ url })), defaults: shared })
  if (settings.sentinels !== undefined) {
    const { database = 0 } = settings
    return createClient({ ...shared, database, socket: { ...shared.socket, ...primary } })
  }
  const [url] = urls
  return createClient({ ...shared, ...(url === undefined ? {} : { url }) })
}

/**
 * Makes a client of one Sentinel, not yet connected. It connects once: a new one is made for each
 * attempt.
 */
export function createSentinelClient(
  settings: RedisSettings,
  sentinel: ServerAddress,
): RedisClientType {
  const { socket, ...credentials } = sentinelAccessOf(settings)
  return createClient({
    // Messages and replies share a connection.
    RESP: 3,
    disableOfflineQueue: true,
    commandOptions: { timeout: undefined as unknown as number },
    maintNotifications: 'disabled',
    ...credentials,
    socket: {
      ...socket,
      ...sentinel,
      connectTimeout: settings.connectTimeoutMs,
      reconnectStrategy: false,
    },
  })
}

/** Whether a client speaks to a cluster. */
export function isCluster(client: RedisConnection): client is RedisClusterType {
  return 'masters' in client
}

/**
 * Ends a client at once and for good, also one that is still connecting: by itself `destroy`
 * forgets a socket whose server has not answered yet, and a cluster goes on to connect to its
 * nodes.
 */
export function discardClient(client: RedisConnection): void {
  const end = (): void => {
    const nodes = isCluster(client)
      ? [...client.masters, ...client.replicas].flatMap((node) => node.client ?? [])
      : [client]
    for (const node of nodes)
      node.once('connect', () => {
        destroy(node)
      })
    destroy(client)
  }
  client.on('error', () => undefined)
  if (isCluster(client)) for (const event of ['node-connect', 'node-error']) client.on(event, end)
  end()
}

/** Before 6.3 a client that is not open threw. */
function destroy(client: Pick<RedisConnection, 'destroy'>): void {
  try {
    client.destroy()
  } catch {
    // It has nothing to end.
  }
}

/**
 * Exponential from 50 ms to 2 s with up to half of it at random, so that a fleet does not come back
 * all at once.
 */
function reconnectDelayMs(retries: number): number {
  const capMs = Math.min(2_000, 50 * 2 ** Math.min(retries, 6))
  return Math.round(capMs * (0.5 + Math.random() / 2))
}
