import { setTimeout as after } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { redisCommand } from './redis-command.ts'
import { startRedisServer, type RedisServer } from './redis-server.ts'

const slots = 16_384
const formingTimeoutMs = 20_000
const pollMs = 50

/** Options of {@link startRedisCluster}. */
export interface RedisClusterOptions {
  /**
   * The number of masters that share the slots; Redis requires at least three.
   *
   * @defaultValue 3
   */
  masters?: number
  /**
   * Receives a line when `redis-server` has to be installed first.
   *
   * @defaultValue silent
   */
  onProgress?: (line: string) => void
}

const redisClusterDefaults = { masters: 3, onProgress: () => undefined }

/** A Redis Cluster without replicas, on 127.0.0.1. */
export interface RedisCluster {
  /** The URL of each master: `rootNodes` of the official client. */
  readonly urls: readonly string[]
  /** The masters in the order of their slots. A test may kill, pause or restart each of them. */
  readonly masters: readonly RedisServer[]
  /** Stops all masters. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts a Redis Cluster whose masters share the slots evenly, and resolves once every master sees
 * the whole cluster, after 2 to 3 seconds. It ends with this process.
 */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { masters: count, onProgress } = { ...redisClusterDefaults, ...options }
  if (!Number.isInteger(count) || count < 3)
    throw new RangeError(`masters must be an integer of at least 3, not ${count}`)
  // One after the other: the first one installs redis-server where it is missing.
  const masters: RedisServer[] = []
  const stop = async () => void (await Promise.all(masters.map((master) => master.stop())))
  try {
    while (masters.length < count) masters.push(await startMaster(onProgress))
    await form(masters)
  } catch (error) {
    await stop()
    throw error
  }
  return { urls: masters.map(({ url }) => url), masters, stop }
}

async function startMaster(onProgress: (line: string) => void): Promise<RedisServer> {
  const busPort = await freePort()
  return startRedisServer({
    onProgress,
    args: [
      '--cluster-enabled',
      'yes',
      '--cluster-config-file',
      'nodes.conf',
      '--cluster-node-timeout',
      '2000',
      '--cluster-port',
      String(busPort),
    ],
  })
}

async function form(masters: readonly RedisServer[]): Promise<void> {
  for (const [index, { port }] of masters.entries()) {
    await redisCommand(port, ['CLUSTER', 'ADDSLOTS', ...slotsOf(index, masters.length)])
    // Epochs must differ before the nodes meet, or they have to settle a conflict first.
    await redisCommand(port, ['CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1)])
  }
  const [first, ...others] = masters
  if (!first) return
  for (const { port } of others) {
    await redisCommand(first.port, [
      'CLUSTER',
      'MEET',
      '127.0.0.1',
      String(port),
      await busPortOf(port),
    ])
  }
  await Promise.all(masters.map(({ port }) => untilWhole(port, masters.length)))
}

function slotsOf(index: number, count: number): string[] {
  const from = Math.floor((slots * index) / count)
  const to = Math.floor((slots * (index + 1)) / count)
  return Array.from({ length: to - from }, (_, offset) => String(from + offset))
}

async function busPortOf(port: number): Promise<string> {
  const nodes = await redisCommand(port, ['CLUSTER', 'NODES'])
  return /@(\d+)\S* \S*myself/.exec(nodes)?.[1] ?? String(port + 10_000)
}

async function untilWhole(port: number, nodes: number): Promise<void> {
  const deadline = performance.now() + formingTimeoutMs
  for (;;) {
    const info = await redisCommand(port, ['CLUSTER', 'INFO'])
    if (info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodes}`)) return
    if (performance.now() > deadline)
      throw new Error(`The cluster did not form in ${formingTimeoutMs} ms:\n${info}`)
    await after(pollMs)
  }
}
