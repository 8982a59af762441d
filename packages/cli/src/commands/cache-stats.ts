import { fieldOf, infosOf, versionIn } from '../doctor/redis-infos.ts'
import { pairs } from '../terminal/table.ts'
import { bytes, count, counted, duration } from '../terminal/words.ts'
import { type Command, valueOf } from './command.ts'

/** What a server of Redis says of itself, as far as it may be asked. */
interface ServerStats {
  readonly version: string
  readonly port: number | null
  /** `master`, or `slave` for a replica. */
  readonly role: string | null
  readonly replicas: number | null
  readonly uptimeMs: number | null
  readonly usedBytes: number | null
  /** `null` without a limit. */
  readonly maxBytes: number | null
  readonly policy: string | null
  /** Keys that were evicted for want of memory since it was started. */
  readonly evictedKeys: number | null
  readonly expiredKeys: number | null
  readonly clients: number | null
  /** Connections that were refused because there were too many. */
  readonly rejectedConnections: number | null
}

/** `headwater cache stats` */
export const stats: Command = async ({ open }) => {
  const { redis } = (await open()).stores
  const infos = valueOf(await redis.run('info', (client) => infosOf({ redis }, client)))
  const servers = infos.map((info) => (info === '' ? undefined : statsIn(info)))
  return {
    data: { servers: servers.map((server) => server ?? null) },
    text: (paint) =>
      servers
        .map((server) =>
          server === undefined ? 'The user may not ask INFO.' : pairs(paint, factsOf(server)),
        )
        .join('\n\n'),
    isFinding: servers.some((server) => server === undefined || (server.evictedKeys ?? 0) > 0),
  }
}

function statsIn(info: string): ServerStats {
  const numberOf = (name: string): number | null => {
    const text = fieldOf(info, name)
    return text === undefined ? null : Number(text)
  }
  const uptime = numberOf('uptime_in_seconds')
  return {
    version: versionIn(info),
    port: numberOf('tcp_port'),
    role: fieldOf(info, 'role') ?? null,
    replicas: numberOf('connected_slaves'),
    uptimeMs: uptime === null ? null : uptime * 1_000,
    usedBytes: numberOf('used_memory'),
    maxBytes: numberOf('maxmemory') || null,
    policy: fieldOf(info, 'maxmemory_policy') ?? null,
    evictedKeys: numberOf('evicted_keys'),
    expiredKeys: numberOf('expired_keys'),
    clients: numberOf('connected_clients'),
    rejectedConnections: numberOf('rejected_connections'),
  }
}

function factsOf(server: ServerStats) {
  const { version, port, role, replicas, uptimeMs, usedBytes, maxBytes, policy } = server
  const uptime = uptimeMs === null ? unsaid : duration(uptimeMs)
  const limit = maxBytes === null ? 'without a limit' : `of ${bytes(maxBytes)}`
  const kind = role === 'slave' ? 'replica' : (role ?? unsaid)
  return [
    ['server', `${version}, port ${port ?? unsaid}, for ${uptime}`],
    ['role', `${kind}, ${counted(replicas ?? 0, 'replica')}`],
    ['memory', `${usedBytes === null ? unsaid : bytes(usedBytes)} ${limit}, ${policy ?? unsaid}`],
    ['evicted', said(server.evictedKeys)],
    ['expired', said(server.expiredKeys)],
    ['clients', `${said(server.clients)}, ${said(server.rejectedConnections)} rejected`],
  ] as const
}

const unsaid = 'unsaid'

function said(value: number | null): string {
  return value === null ? unsaid : count(value)
}
