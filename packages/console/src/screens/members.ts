import { hostname } from 'node:os'
import { nearMembers, ok, outbox } from '@headwater/core'
import type { OutboxStatus, PostgresStore, Stores } from '@headwater/core'
import type { MembersScreen } from '../contract/screens.ts'
import type { Screen, ScreenDeps } from '../screen.ts'
import { section } from '../section.ts'

/** The processes of the deployment, as far as they can be seen. */
export function membersScreen(deps: ScreenDeps): Screen {
  return { name: 'members', views: { members: async () => ok(await members(deps)) }, actions: {} }
}

async function members({ stores, reading }: ScreenDeps): Promise<MembersScreen> {
  const [near, relays, versions] = await Promise.all([
    section(() => nearMembers(stores)),
    section(() => outbox({ postgres: reading }).status().map(relaysOf)),
    versionsOf(stores, reading),
  ])
  return {
    process: {
      node: process.version,
      pid: process.pid,
      host: hostname(),
      upMs: Math.round(process.uptime() * 1_000),
    },
    near,
    relays,
    versions,
  }
}

type Relays = Extract<MembersScreen['relays'], { readonly isAvailable: true }>['data']

function relaysOf({ sinks }: OutboxStatus): Relays {
  const served = sinks.flatMap(({ sink, owners }) => owners.map((owner) => ({ sink, ...owner })))
  const byOwner = Map.groupBy(served, ({ owner }) => owner)
  return [...byOwner].map(([owner, parts]) => ({
    owner,
    sinks: parts.map(({ sink }) => sink),
    shards: parts.reduce((sum, { shards }) => sum + shards, 0),
    isAlive: parts.some(({ isAlive }) => isAlive),
  }))
}

async function versionsOf(
  { redis }: Stores,
  postgres: PostgresStore,
): Promise<MembersScreen['versions']> {
  const [ofPostgres, ofRedis] = await Promise.all([
    section(() =>
      postgres
        .query<{ server_version: string }>('SHOW server_version')
        .map(({ rows: [row] }) => row?.server_version ?? 'unknown'),
    ),
    section(() => redis.run('info', (client) => client.info('server')).map(redisVersion)),
  ])
  return [
    { name: 'postgres', version: ofPostgres },
    { name: 'redis', version: ofRedis },
  ]
}

/** A Valkey says its own version beside that of the Redis that it stands for. */
function redisVersion(info: string): string {
  const [, name = 'redis', version = 'unknown'] =
    /^(valkey)_version:(\S+)/m.exec(info) ?? /^(redis)_version:(\S+)/m.exec(info) ?? []
  return name === 'redis' ? version : `${version} (${name})`
}
