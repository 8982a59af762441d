import { createHash } from 'node:crypto'
import type { RedisClientType } from '@redis/client'
import { isCluster } from './redis-client.ts'
import type { RedisConnection } from './redis-store.ts'

/** The server that a client is connected to, or all masters of a cluster as one. */
export interface RedisServer {
  /**
   * Names the server and its term as a primary: a restart changes it, and so does every promotion.
   * 40 hexadecimal digits; `undefined` when a server does not tell.
   */
  readonly id: string | undefined
  /** Why it must not be used; `undefined` for a primary. */
  readonly refusal: string | undefined
}

const replica = 'the server is a replica (role:slave), which may lag behind: connect to its primary'
const sentinel = 'the server is a Sentinel, which stores nothing: connect to the primary it watches'

/**
 * Reads which server the client is connected to, after something else where it must be so. One
 * round trip per server.
 *
 * A `run_id` alone would not do: it survives a demotion and the promotion after it, and in between
 * another server took the invalidations. Each promotion changes `master_replid`. One reply holds
 * both, so that they belong together.
 */
export async function readServer(
  client: RedisConnection,
  after?: Promise<void>,
): Promise<RedisServer> {
  await after
  if (!isCluster(client)) return serverOf(client)
  const nodes = await Promise.all(client.masters.map((master) => client.nodeClient(master)))
  const servers = await Promise.all(nodes.map((node) => serverOf(node)))
  const ids = servers.map(({ id, refusal }) => (refusal === undefined ? id : undefined))
  return {
    // A node that was demoted redirects commands, by which the client learns its successor.
    id: ids.length === 0 || ids.includes(undefined) ? undefined : digestOf(ids.sort().join()),
    refusal: undefined,
  }
}

async function serverOf(client: RedisClientType): Promise<RedisServer> {
  const reply: unknown = await client.sendCommand(['INFO'])
  const text = String(reply)
  const [runId, replicationId] = [fieldOf(text, 'run_id'), fieldOf(text, 'master_replid')]
  return {
    // A server without replication has no term that could end.
    id: runId === undefined ? undefined : digestOf(`${runId} ${replicationId ?? ''}`),
    refusal: refusalOf(text),
  }
}

function refusalOf(info: string): string | undefined {
  // Valkey has another name for the field.
  const mode = fieldOf(info, 'redis_mode') ?? fieldOf(info, 'server_mode')
  if (mode === 'sentinel') return sentinel
  return fieldOf(info, 'role') === 'slave' ? replica : undefined
}

function fieldOf(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(\\w+)`, 'm').exec(info)?.[1]
}

function digestOf(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}

/** Pause before a server is read again. */
const againMs = 2_000

/** Reads a server after a pause, and again until it answers, while wanted. Returns its end. */
export function readServerLater(
  client: RedisConnection,
  {
    isWanted,
    onRead,
  }: { readonly isWanted: () => boolean; readonly onRead: (server: RedisServer) => void },
): () => void {
  let timer: NodeJS.Timeout | undefined
  const again = (): void => {
    timer = setTimeout(() => {
      if (!isWanted()) return
      readServer(client).then(
        (server) => {
          if (isWanted()) onRead(server)
        },
        () => {
          if (isWanted()) again()
        },
      )
    }, againMs).unref()
  }
  again()
  return () => {
    clearTimeout(timer)
  }
}
