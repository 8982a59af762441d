import { eventually, type RedisServer } from '@headwater/testing'
import type { RedisClientType } from '@redis/client'
import { anyOf } from '../../run/chance.ts'
import { rest, type Span } from '../../run/play.ts'
import { onNode } from './on-node.ts'

const slotsAtOnce = 8
/** Keys of one MIGRATE. */
const keysAtOnce = '2'
const open: Span = { leastMs: 20, mostMs: 300 }
const betweenBatches: Span = { leastMs: 1, mostMs: 30 }

/**
 * Deletes the keys of a slot, ARGV[1], unless one is held: a cluster that loses an acknowledged
 * hold without a restart is excluded from the promise of the cache.
 */
const dropUnlessHeld = `
local keys = redis.call('CLUSTER', 'GETKEYSINSLOT', ARGV[1], 1000)
for _, key in ipairs(keys) do
  local state = redis.pcall('GET', key)
  if type(state) == 'string' and string.sub(state, 1, 3) == 'h1 ' then return 0 end
end
for _, key in ipairs(keys) do redis.pcall('DEL', key) end
return 1`

/** Slots that change their master. */
export interface SlotMigration {
  readonly from: RedisServer
  readonly to: RedisServer
  /** The further masters, which are told. */
  readonly others: readonly RedisServer[]
  /** Whether the keys go along; otherwise they are lost. */
  readonly withKeys: boolean
}

/** Moves slots that have keys, as `redis-cli --cluster reshard` does, while the keys are in use. */
export async function moveSlots(migration: SlotMigration): Promise<void> {
  const { from, to, others, withKeys } = migration
  await onNode(from, (source) =>
    onNode(to, async (target) => {
      const [sourceId, targetId] = await Promise.all([source.clusterMyId(), target.clusterMyId()])
      const slots = await slotsWithKeys(source)
      for (const slot of slots) {
        await target.sendCommand(['CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId])
        await source.sendCommand(['CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId])
      }
      await rest(open)
      for (const slot of slots) {
        await (withKeys ? moveKeys(source, slot, to.port) : dropKeys(source, slot))
        // The new master first: until it knows, the old one would send clients to and fro.
        await assign(target, [slot], targetId)
        await assign(source, [slot], targetId)
      }
      for (const other of others) await onNode(other, (node) => assign(node, slots, targetId))
    }),
  )
}

async function assign(
  node: RedisClientType,
  slots: readonly string[],
  masterId: string,
): Promise<void> {
  for (const slot of slots) await node.sendCommand(['CLUSTER', 'SETSLOT', slot, 'NODE', masterId])
}

async function slotsWithKeys(node: RedisClientType): Promise<readonly string[]> {
  const keys = await node.keys('*')
  const chosen = Array.from({ length: Math.min(slotsAtOnce, keys.length) }, () => anyOf(keys))
  const slots = await Promise.all(
    chosen.map((key) => node.sendCommand(['CLUSTER', 'KEYSLOT', key])),
  )
  return [...new Set(slots.map(String))]
}

async function moveKeys(source: RedisClientType, slot: string, port: number): Promise<void> {
  for (;;) {
    const keys = await source.sendCommand<string[]>(['CLUSTER', 'GETKEYSINSLOT', slot, keysAtOnce])
    if (keys.length === 0) return
    const address = ['127.0.0.1', String(port), '', '0', '5000']
    await source.sendCommand(['MIGRATE', ...address, 'KEYS', ...keys])
    await rest(betweenBatches)
  }
}

async function dropKeys(source: RedisClientType, slot: string): Promise<void> {
  await eventually(async () => (await source.eval(dropUnlessHeld, { arguments: [slot] })) === 1, {
    timeoutMs: 60_000,
    intervalMs: 2,
  })
}
