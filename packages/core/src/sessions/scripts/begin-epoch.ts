import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../../stores/redis/redis-script.ts'

/**
 * KEYS[1] the index of a user's sessions (see `enter-session.ts`). ARGV: 1 name of the revocation,
 * 2 the epoch it began or '', 3 the largest epoch known to PostgreSQL, 4 time to keep the index in
 * ms.
 *
 * any state -> the index with `epoch` at least the revocation's, and with r{1}. The revocation's
 * epoch is {2}, else the one that r{1} names, else the next one: applied again, a revocation begins
 * no further epoch. Members of ended epochs stay until `forget-sessions.ts` removes them.
 *
 * Replies the revocation's epoch, then the hashes of the sessions that end by it.
 */
const script = redisScript(`
local current = (redis.call('ZSCORE', KEYS[1], 'epoch') or 4e15) - 4e15
local seen = redis.call('ZSCORE', KEYS[1], 'r' .. ARGV[1])
local epoch = tonumber(ARGV[2])
  or (seen and seen - 6e15)
  or math.max(current, tonumber(ARGV[3])) + 1
redis.call('ZADD', KEYS[1], string.format('%.0f', 4e15 + math.max(current, epoch)), 'epoch')
redis.call('ZADD', KEYS[1], string.format('%.0f', 6e15 + epoch), 'r' .. ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
local reply = { string.format('%.0f', epoch) }
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '3000000000000000')) do
  local of, hash = string.match(member, '^(%d+):(%x+)$')
  if of and tonumber(of) < epoch then reply[#reply + 1] = hash end
end
return reply
`)

/** A revocation of all sessions of a user. */
export interface EpochToBegin {
  /** Name of the revocation. */
  readonly name: string
  /** The epoch that it began, `null` while that is unknown. */
  readonly epoch: string | null
  /** The user's largest epoch that PostgreSQL knows. */
  readonly knownEpoch: string
  /** Time to keep the index, in milliseconds. */
  readonly keepMs: number
}

/** The epoch that a revocation began, and hashes of the sessions that end by it. */
export interface BegunEpoch {
  /** The epoch. */
  readonly epoch: string
  /** Hashes of the sessions' tokens. */
  readonly ended: readonly string[]
}

/** Begins a new epoch of a user, or restores one that this server has forgotten. Idempotent. */
export async function beginEpoch(
  client: RedisClientType,
  index: string,
  { name, epoch, knownEpoch, keepMs }: EpochToBegin,
): Promise<BegunEpoch> {
  const [begun = '', ...ended] = (await runScript(client, script, {
    key: index,
    arguments: [name, epoch ?? '', knownEpoch, String(keepMs)],
  })) as string[]
  return { epoch: begun, ended }
}
