import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { onFreePort } from './free-port.ts'
import { type LocalServer, RestartableServer } from './local-server.ts'
import { ensureRedisBinary } from './redis-binary.ts'
import { redisCommand } from './redis-command.ts'
import type { RedisServer } from './redis-server.ts'
import { serverDirectory } from './temporary-directory.ts'

const agreeingTimeoutMs = 30_000
const pollMs = 50

/** Options of {@link startRedisSentinels}. */
export interface RedisSentinelsOptions {
  /**
   * The number of Sentinels. More than half of them have to agree on a failover.
   *
   * @defaultValue 3
   */
  count?: number
  /**
   * The name that they know the primary by.
   *
   * @defaultValue 'main'
   */
  name?: string
  /**
   * The number of replicas of the primary, which they find by themselves.
   *
   * @defaultValue 1
   */
  replicas?: number
  /**
   * Milliseconds of silence after which they take a server for down.
   *
   * @defaultValue 1000
   */
  downAfterMs?: number
  /**
   * Further lines of their configuration, such as `sentinel config-epoch main 5`.
   *
   * @defaultValue none
   */
  config?: readonly string[]
  /**
   * Receives a line when `redis-server` has to be installed first.
   *
   * @defaultValue silent
   */
  onProgress?: (line: string) => void
}

const redisSentinelsDefaults = {
  count: 3,
  name: 'main',
  replicas: 1,
  downAfterMs: 1_000,
  config: [],
  onProgress: () => undefined,
}

/** Sentinels on 127.0.0.1 that watch one primary. */
export interface RedisSentinels {
  /** The name that they know the primary by. */
  readonly name: string
  /** Each of them. A test may kill or pause it. */
  readonly servers: readonly LocalServer[]
  /** The addresses of all of them. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
  /** The port of the primary, as one of them says that still answers. */
  primaryPort(): Promise<number>
  /**
   * Begins a failover though the primary is well, and resolves once the Sentinel that leads it says
   * that another server is the primary. The old one goes on as if nothing had happened for some
   * ten seconds.
   */
  failOver(): Promise<void>
  /** Stops them all. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts Sentinels for a primary, and resolves once they have found each other and its replicas,
 * after 2 to 12 seconds. They end with this process.
 */
export async function startRedisSentinels(
  primary: RedisServer,
  options: RedisSentinelsOptions = {},
): Promise<RedisSentinels> {
  const wanted = { ...redisSentinelsDefaults, ...options }
  const command = await ensureRedisBinary(wanted.onProgress)
  const servers: LocalServer[] = []
  const stop = async () => void (await Promise.all(servers.map((server) => server.stop())))
  try {
    while (servers.length < wanted.count)
      servers.push(await startSentinel(command, configOf(primary, wanted)))
    await Promise.all(servers.map(({ port }) => untilAgreed(port, wanted)))
  } catch (error) {
    await stop()
    throw error
  }
  const { name } = wanted
  return {
    name,
    servers,
    addresses: servers.map(({ port }) => ({ host: '127.0.0.1', port })),
    primaryPort: () => primaryPortOf(servers, name),
    async failOver() {
      const [leader] = servers
      if (leader === undefined) return
      const before = await primaryPortOf([leader], name)
      // Refused while it has not heard yet that the replica is in sync.
      await until(() => isTaken(leader.port, ['SENTINEL', 'FAILOVER', name]), 'begin a failover')
      await until(async () => (await primaryPortOf([leader], name)) !== before, 'fail over')
    },
    stop,
  }
}

function configOf(
  { port }: RedisServer,
  { name, count, downAfterMs, config }: Required<RedisSentinelsOptions>,
): readonly string[] {
  return [
    `sentinel monitor ${name} 127.0.0.1 ${port} ${Math.floor(count / 2) + 1}`,
    `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
    `sentinel failover-timeout ${name} 6000`,
    ...config,
  ]
}

function startSentinel(command: string, config: readonly string[]): Promise<LocalServer> {
  return onFreePort(async (port) => {
    const dir = await serverDirectory('sentinel')
    const lines = [`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`, ...config]
    await writeFile(join(dir, 'sentinel.conf'), `${lines.join('\n')}\n`)
    const server = await RestartableServer.start({
      name: 'Redis Sentinel',
      command,
      args: ['sentinel.conf', '--sentinel'],
      dir,
      ready: /\+monitor master/,
    })
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
    }
  })
}

async function untilAgreed(
  port: number,
  { name, count, replicas }: Required<RedisSentinelsOptions>,
): Promise<void> {
  const wanted = new RegExp(`name=${name},status=ok,\\S+,slaves=${replicas},sentinels=${count}\\b`)
  await until(async () => wanted.test(await redisCommand(port, ['INFO', 'sentinel'])), 'agree')
}

async function primaryPortOf(servers: readonly LocalServer[], name: string): Promise<number> {
  const info = await Promise.any(
    servers.map(({ port }) => redisCommand(port, ['INFO', 'sentinel'])),
  )
  return Number(new RegExp(`name=${name},\\S+?:(\\d+),slaves`).exec(info)?.[1])
}

async function isTaken(port: number, command: readonly string[]): Promise<boolean> {
  return redisCommand(port, command).then(
    () => true,
    () => false,
  )
}

async function until(hasCome: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + agreeingTimeoutMs
  while (!(await hasCome())) {
    if (performance.now() > deadline)
      throw new Error(`The Sentinels did not ${what} in ${agreeingTimeoutMs} ms`)
    await after(pollMs)
  }
}
