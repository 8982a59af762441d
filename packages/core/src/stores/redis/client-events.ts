import { isCluster } from './redis-client.ts'
import type { RedisConnection } from './redis-store.ts'

/** Moments in the life of a client. */
export interface ClientListeners {
  /** A socket is open, the greeting is still to come. */
  readonly onSocket: () => void
  /** The client, or a node of its cluster, can be asked. */
  readonly onReady: () => void
  /** The client, or a node of its cluster, lost its connection. */
  readonly onLost: () => void
  /** The client reported an error; left to the host where it listens itself. */
  readonly onError: (error: unknown) => void
}

/** Listens to a client; the returned function ends that. */
export function listenTo(
  client: RedisConnection,
  isOwn: boolean,
  { onSocket, onReady, onLost, onError }: ClientListeners,
): () => void {
  const lifecycle = isCluster(client)
    ? [
        ['node-ready', onReady],
        ['connect', onReady],
        ['node-error', onLost],
        ['node-disconnect', onLost],
      ]
    : [
        ['connect', onSocket],
        ['ready', onReady],
        ['reconnecting', onLost],
        ['end', onLost],
      ]
  // An `error` event without any listener would end the process.
  const isHeard = !isOwn && client.listenerCount('error') > 0
  const handlers = (
    isHeard ? lifecycle : [...lifecycle, ['error', onError]]
  ) as readonly (readonly [event: string, handler: (error?: unknown) => void])[]
  for (const [event, handler] of handlers) client.on(event, handler)
  return () => {
    for (const [event, handler] of handlers) client.off(event, handler)
  }
}
