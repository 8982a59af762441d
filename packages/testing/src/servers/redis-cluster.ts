import { setTimeout as after } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { redisCommand } from './redis-command.ts'
import { startRedisServer, type RedisServer } from './redis-server.ts'

const slots = 16_384
const formingTimeoutMs = 60_000
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
   * The number of replicas of each master.
   *
   * @defaultValue 0
   */
  replicas?: number
  /**
   * Receives a line when `redis-server` has to be installed first.
   *
   * @defaultValue silent
   */
  onProgress?: (line: string) => void
}

const redisClusterDefaults = { masters: 3, replicas: 0, onProgress: () => undefined }

/** A Redis Cluster on 127.0.0.1. */
export interface RedisCluster {
  /** The URL of each master: `rootNodes` of the official client. */
  readonly urls: readonly string[]
  /** The masters in the order of their slots. A test may kill, pause or restart each of them. */
  readonly masters: readonly RedisServer[]
  /** The replicas: first one of each master, in the order of the masters, then the second ones. */
  readonly replicas: readonly RedisServer[]
  /** Stops all servers. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts a Redis Cluster whose masters share the slots evenly, and resolves once every server sees
 * the whole cluster and every replica has a copy, after 2 to 3 seconds. It ends with this process.
 */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { masters: count, replicas: each, onProgress } = { ...redisClusterDefaults, ...options }
  if (!Number.isInteger(count) || count < 3)
    throw new RangeError(`masters must be an integer of at least 3, not ${count}`)
  if (!Number.isInteger(each) || each < 0)
    throw new RangeError(`replicas must be an integer of at least 0, not ${each}`)
  // One after the other: the first one installs redis-server where it is missing.
  const nodes: RedisServer[] = []
  const stop = async () => void (await Promise.all(nodes.map((node) => node.stop())))
  try {
    while (nodes.length < count * (1 + each)) nodes.push(await startNode(onProgress))
    const [masters, replicas] = [nodes.slice(0, count), nodes.slice(count)]
    await form(masters, replicas)
    return { urls: masters.map(({ url }) => url), masters, replicas, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startNode(onProgress: (line: string) => void): Promise<RedisServer> {
  const busPort = await freePort()
  return startRedisServer({
    onProgress,
    args: [
      '--cluster-enabled',
      'yes',
      '--cluster-config-file',
      'nodes.conf',
      '--cluster-node-timeout',
      '5000',
      '--cluster-port',
      String(busPort),
    ],
  })
}

async function form(
  masters: readonly RedisServer[],
  replicas: readonly RedisServer[],
): Promise<void> {
  for (const [index, { port }] of masters.entries()) {
    await redisCommand(port, ['CLUSTER', 'ADDSLOTS', ...slotsOf(index, masters.length)])
    // Epochs must differ before the nodes meet, or they have to settle a conflict first.
    await redisCommand(port, ['CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1)])
  }
  const nodes = [...masters, ...replicas]
  const [first, ...others] = nodes
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
  await Promise.all(nodes.map(({ port }) => untilWhole(port, nodes.length)))
  for (const [index, { port }] of replicas.entries()) {
    const id = await redisCommand(masters[index % masters.length]?.port ?? 0, ['CLUSTER', 'MYID'])
    await redisCommand(port, ['CLUSTER', 'REPLICATE', id])
  }
  await Promise.all(replicas.map(({ port }) => untilCopied(port)))
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
  const wanted = ['cluster_state:ok', `cluster_known_nodes:${nodes}`]
  await until(port, ['CLUSTER', 'INFO'], (info) => wanted.every((line) => info.includes(line)))
}

async function untilCopied(port: number): Promise<void> {
  await until(port, ['INFO', 'replication'], (info) => info.includes('master_link_status:up'))
}

async function until(
  port: number,
  command: readonly string[],
  isFormed: (reply: string) => boolean,
): Promise<void> {
  const deadline = performance.now() + formingTimeoutMs
  for (;;) {
    const reply = await redisCommand(port, command)
    if (isFormed(reply)) return
    if (performance.now() > deadline)
      throw new Error(`The cluster did not form in ${formingTimeoutMs} ms:\n${reply}`)
    await after(pollMs)
  }
}
