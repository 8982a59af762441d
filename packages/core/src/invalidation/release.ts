import type { StoreError } from '../errors.ts'
import { batchesOf } from '../in-batches.ts'
import type { Result } from '../result.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import { redisScript, runScript, runScripts } from '../stores/redis/redis-script.ts'

/**
 * KEYS[1] the entry. ARGV: 1 owner.
 *
 * HOLD(owner) -> absent; HOLD(owner, others) -> HOLD(others that have not expired), or absent when
 * all have. Replies 1. The owner's hold is gone: VALUE, LEASE, anything else -> absent;
 * HOLD(others) stays, pruned. Replies 0.
 */
export const releaseScript = redisScript(`
local state = redis.pcall('GET', KEYS[1])
if type(state) ~= 'string' or string.sub(state, 1, 3) ~= 'h1 ' then
  redis.call('DEL', KEYS[1])
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found, last, others = 0, 0, ''
for owner, expiry in string.gmatch(state, '([^ :]+):(%d+)') do
  if owner == ARGV[1] then
    found = 1
  elseif tonumber(expiry) > now then
    others = others .. ' ' .. owner .. ':' .. expiry
    last = math.max(last, tonumber(expiry))
  end
end
if others == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], 'h1' .. others, 'PX', string.format('%.0f', last - now))
end
return found
`)

/**
 * Ends one owner's holds and returns how many of them were already gone. Never removes another
 * owner's hold. One round trip for up to 50 keys.
 */
export async function releaseKeys(
  redis: RedisStore,
  keys: readonly string[],
  owner: string,
): Promise<Result<number, StoreError>> {
  const replies = await runScripts(redis, 'release', {
    items: keys,
    isPersistent: true,
    run: (client, key) =>
      runScript(client, releaseScript, { key: redis.keyPrefix + key, arguments: [owner] }),
  })
  return replies.map((all) => all.filter((reply) => reply !== 1).length)
}

/** Keys of one writer that has ended. */
export interface EndedChange {
  /** The owner of the holds. */
  readonly id: string
  /** The texts of the keys. */
  readonly keys: readonly string[]
}

/**
 * Ends the holds of many writers, and returns the ids of those whose keys are all released. Absent
 * keys need no release: nothing old is in them, and a reader that fills them loads after the
 * writers have ended. 500 absent keys cost one command.
 */
export async function releaseEnded(
  redis: RedisStore,
  changes: readonly EndedChange[],
): Promise<ReadonlySet<string>> {
  const released = new Set(changes.map(({ id }) => id))
  const holds = changes.flatMap(({ id, keys }) => keys.map((key) => ({ id, key })))
  for (const part of batchesOf(holds, { maxItems: 500 })) {
    if (await areAbsent(redis, part)) continue
    const replies = await runScripts(redis, 'release', {
      items: part,
      run: (client, { id, key }) =>
        runScript(client, releaseScript, { key: redis.keyPrefix + key, arguments: [id] }),
    })
    if (replies.isErr()) for (const { id } of part) released.delete(id)
    // A server that does not answer is not asked for every further part.
    if (!redis.isAvailable) return new Set()
  }
  return released
}

async function areAbsent(
  redis: RedisStore,
  holds: readonly { readonly key: string }[],
): Promise<boolean> {
  const keys = [...new Set(holds.map(({ key }) => redis.keyPrefix + key))]
  const reply = await redis.run('exists', async (client) => Number(await client.exists(keys)))
  return reply.isOk() && reply.value === 0
}
