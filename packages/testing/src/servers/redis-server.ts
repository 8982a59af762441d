import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { onFreePort } from './free-port.ts'
import { RestartableServer, type LocalServer } from './local-server.ts'
import { ensureRedisBinary } from './redis-binary.ts'
import { redisCommand } from './redis-command.ts'
import { serverDirectory } from './temporary-directory.ts'

/** Options of {@link startRedisServer}. */
export interface RedisServerOptions {
  /**
   * The directory of the server's snapshot. A directory of the caller stays when the server stops.
   *
   * @defaultValue a new temporary directory, removed with the server
   */
  dir?: string
  /**
   * Further command line arguments, such as `['--maxmemory', '10mb']`.
   *
   * @defaultValue none
   */
  args?: readonly string[]
  /**
   * Receives a line when `redis-server` has to be installed first.
   *
   * @defaultValue silent
   */
  onProgress?: (line: string) => void
}

const redisServerDefaults = { args: [], onProgress: () => undefined }

/** A Redis server that a test may crash, restart, pause and resume. */
export interface RedisServer extends LocalServer {
  /** Writes the current data to the snapshot file. The server writes no snapshot by itself. */
  snapshot(): Promise<void>
  /**
   * Stops the server if it runs and starts it again on its port: empty, or with the data of its
   * last snapshot when `keepData` is set. A running server takes a snapshot first; a killed one
   * returns with an older snapshot, like a server restored from a backup.
   */
  restart(options?: { keepData?: boolean }): Promise<void>
  /**
   * Makes the server a replica of another one. Its connections stay open; its data stay until they
   * are replaced by those of the other server.
   */
  becomeReplicaOf(url: string): Promise<void>
  /** Whether the server is a replica that receives the writes of its primary. */
  isInSync(): Promise<boolean>
  /** Makes a replica a primary again, with the data that it has. */
  becomePrimary(): Promise<void>
}

/**
 * Starts a Redis server on 127.0.0.1 in about 20 ms. It writes nothing to disk except snapshots on
 * demand, and ends with this process. Installs `redis-server` when it is missing and this process
 * is root on a system with apt.
 *
 * @throws MissingServerError whose message is the command that installs `redis-server`.
 */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { args, onProgress } = { ...redisServerDefaults, ...options }
  const command = await ensureRedisBinary(onProgress)
  return onFreePort(async (port) => {
    const dir = options.dir ?? (await serverDirectory('redis'))
    await mkdir(dir, { recursive: true })
    const server = await RestartableServer.start({
      name: 'Redis',
      command,
      args: [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--appendonly',
        'no',
        '--repl-diskless-sync-delay',
        '0',
        '--dir',
        dir,
        ...args,
      ],
      dir,
      keepDir: options.dir !== undefined,
      ready: /[Rr]eady to accept connections/,
    })
    return redisVerbs(server, { port, dir })
  })
}

function redisVerbs(
  server: RestartableServer,
  { port, dir }: { port: number; dir: string },
): RedisServer {
  const snapshot = async () => void (await redisCommand(port, ['SAVE']))
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid
    },
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    stop: () => server.stop(),
    snapshot,
    async becomeReplicaOf(url) {
      const { hostname, port: primaryPort } = new URL(url)
      await redisCommand(port, ['REPLICAOF', hostname, primaryPort])
    },
    async isInSync() {
      const info = await redisCommand(port, ['INFO', 'replication'])
      return info.includes('master_link_status:up')
    },
    becomePrimary: async () => void (await redisCommand(port, ['REPLICAOF', 'NO', 'ONE'])),
    async restart({ keepData = false } = {}) {
      if (keepData && !server.isKilled) await snapshot()
      await server.restart(() =>
        keepData ? Promise.resolve() : rm(join(dir, 'dump.rdb'), { force: true }),
      )
    },
  }
}
