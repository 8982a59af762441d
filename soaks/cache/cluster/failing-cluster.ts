import { type RedisServer, startRedisCluster } from '@headwater/testing'
import type { FailingRedis } from '../failing-redis.ts'
import { ClusterFaults } from './cluster-faults.ts'
import { Shard } from './shard.ts'

/** Starts three masters with a replica each. */
export async function startFailingCluster(): Promise<FailingRedis> {
  const cluster = await startRedisCluster({ masters: 3, replicas: 1 })
  const shards = cluster.masters.map(
    (master, index) => new Shard(master, cluster.replicas[index] as RedisServer),
  )
  const nodes = [...cluster.masters, ...cluster.replicas]
  return {
    address: { rootNodes: nodes.map(({ url }) => url) },
    faultsOf: (fleet, postgres) => new ClusterFaults(fleet, postgres, shards),
    stop: () => cluster.stop(),
  }
}
