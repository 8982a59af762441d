import { randomBytes } from 'node:crypto'
import { appendFile, chmod, chown, cp, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from 'pg'
import { withClient } from '../stack/postgres-database.ts'
import { onFreePort } from './free-port.ts'
import { RestartableServer } from './local-server.ts'
import { findPostgresBinaries } from './postgres-binaries.ts'
import {
  postgresVerbs,
  serverFlags,
  type PostgresServer,
  type PostgresServerOptions,
} from './postgres-server.ts'
import { serverDirectory } from './temporary-directory.ts'
import { unprivilegedUser } from './unprivileged-user.ts'

/** Options of {@link startPostgresStandby}. */
export interface PostgresStandbyOptions extends PostgresServerOptions {
  /**
   * Where it reaches its primary, for instance through a `faultProxy` that holds the replication.
   *
   * @defaultValue the primary's own URL
   */
  primaryUrl?: string
}

/** A streaming standby, which answers reads until it is promoted. */
export interface PostgresStandby extends PostgresServer {
  /** Resolves once it has replayed everything that its primary had written before the call. */
  catchUp(): Promise<void>
  /**
   * Makes it a primary, on a timeline of its own: what its primary wrote and did not ship is lost.
   * It is not killed for it, and the old primary goes on as if nothing had happened.
   */
  promote(): Promise<void>
}

/**
 * Starts a standby that streams from a server of {@link startPostgresServer}, in about a second. It
 * ends with this process.
 */
export async function startPostgresStandby(
  primary: PostgresServer,
  options: PostgresStandbyOptions = {},
): Promise<PostgresStandby> {
  const user = await unprivilegedUser()
  const binaries = await findPostgresBinaries({ asOtherUser: user !== undefined })
  return onFreePort(async (port) => {
    const dir = await serverDirectory('postgres', user)
    const data = join(dir, 'data')
    const server = await withClient(primary.url, async (client) => {
      await keepLog(client)
      await copyData(client, data)
      await follow(data, options.primaryUrl ?? primary.url)
      if (user) await giveTo(user, data)
      return RestartableServer.start({
        name: 'PostgreSQL standby',
        command: binaries.postgres,
        args: ['-D', 'data', ...serverFlags(port, options)],
        dir,
        user,
        ready: /ready to accept (read-only )?connections/,
      })
    })
    return standbyVerbs(postgresVerbs(server, { port, dir }), primary)
  })
}

/** Until the client ends: a checkpoint would remove what the standby has not received yet. */
async function keepLog(client: Client): Promise<void> {
  const slot = `standby_${randomBytes(6).toString('hex')}`
  await client.query('SELECT pg_create_physical_replication_slot($1, true, true)', [slot])
}

/** What belongs to the running server and its own standbys; the log is received. */
const ofTheServer = /postmaster\.pid$|(pg_replslot|pg_wal|pgsql_tmp)\/./

/** A base backup by copying the files, since the binaries come without `pg_basebackup`. */
async function copyData(client: Client, to: string): Promise<void> {
  const from = await one(client, 'SHOW data_directory')
  await client.query("SELECT pg_backup_start('standby', true)")
  await cp(from, to, { recursive: true, filter: (path) => !ofTheServer.test(path) })
  const label = await one(client, 'SELECT labelfile FROM pg_backup_stop(false)')
  await writeFile(join(to, 'backup_label'), label)
  await chmod(to, 0o700)
}

async function follow(data: string, primaryUrl: string): Promise<void> {
  const { hostname, port } = new URL(primaryUrl)
  const primary = `host=${hostname} port=${port} user=postgres`
  const settings = [
    `primary_conninfo = '${primary}'`,
    // By default a standby that lost its primary is behind for up to five seconds.
    `wal_retrieve_retry_interval = '100ms'`,
  ]
  await appendFile(join(data, 'postgresql.auto.conf'), `${settings.join('\n')}\n`)
  await writeFile(join(data, 'standby.signal'), '')
}

async function giveTo(user: { uid: number; gid: number }, path: string): Promise<void> {
  await chown(path, user.uid, user.gid)
  for (const entry of await readdir(path, { recursive: true }))
    await chown(join(path, entry), user.uid, user.gid)
}

function standbyVerbs(server: PostgresServer, primary: PostgresServer): PostgresStandby {
  return Object.assign(server, {
    catchUp: () => untilReplayed(server.url, primary.url),
    promote: async () =>
      void (await withClient(server.url, (client) => client.query('SELECT pg_promote()'))),
  })
}

async function untilReplayed(standbyUrl: string, primaryUrl: string): Promise<void> {
  const written = await withClient(primaryUrl, (client) =>
    one(client, 'SELECT pg_current_wal_flush_lsn()::text'),
  )
  await withClient(standbyUrl, async (client) => {
    const replayed = `SELECT pg_last_wal_replay_lsn() >= '${written}'::pg_lsn`
    while ((await one(client, replayed)) !== 'true') await client.query('SELECT pg_sleep(0.01)')
  })
}

async function one(client: Client, text: string): Promise<string> {
  const { rows } = await client.query<unknown[]>({ text, rowMode: 'array' })
  return String(rows[0]?.[0])
}
