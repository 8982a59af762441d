import type { RedisClientType } from '@redis/client'
import { redisScript, runScript } from '../stores/redis/redis-script.ts'

const dayMs = 24 * 3_600_000

/**
 * The members of one cache are a hash of member to number of its last renewal, gone a day after
 * its last use, and
 *
 * - `!history`: the server and its term as a primary, named as `RedisStore.runId` does; `unknown`
 *   for a writer that may not ask. A hash of another one may lack members: it is begun anew.
 * - `!birth`: names this hash.
 * - `!settled`: present once every member of an earlier hash has lost its right.
 */
const opening = `
local function history()
  local server, replication = redis.pcall('INFO', 'server'), redis.pcall('INFO', 'replication')
  if type(server) ~= 'string' or type(replication) ~= 'string' then return 'unknown' end
  local run, id = string.match(server, 'run_id:(%w+)'), string.match(replication, 'master_replid:(%w+)')
  return run and redis.sha1hex(run .. ' ' .. (id or '')) or 'unknown'
end
local here = history()
local function begin(key, birth)
  redis.call('DEL', key)
  redis.call('HSET', key, '!history', here, '!birth', birth)
  redis.call('PEXPIRE', key, ${dayMs})
end
local function open(key, birth)
  if redis.pcall('HGET', key, '!history') ~= here then return begin(key, birth) end
  redis.call('PEXPIRE', key, ${dayMs})
end
`

/**
 * KEYS the hashes. ARGV: 1 birth of a new hash, then for each hash its channel and the message.
 *
 * Publishes each message and replies each hash. Where nothing can be published the hash is begun
 * anew, so that the members, which hear nothing, are refused at their next renewal.
 */
const announceScript = redisScript(`${opening}
local replies = {}
for at, key in ipairs(KEYS) do
  open(key, ARGV[1])
  local sent = redis.pcall('PUBLISH', ARGV[2 * at], ARGV[2 * at + 1])
  if type(sent) ~= 'number' then begin(key, ARGV[1]) end
  replies[at] = redis.call('HGETALL', key)
end
return replies
`)

/**
 * KEYS the hashes. ARGV: 1 birth of a new hash, 2 member, 3 number, then for each hash 1 to join it
 * or 0 to stay.
 *
 * A member that joins is added; one that stays is renewed if it is still there. Replies the history
 * and, for each hash, whether the member is in it, the birth, and whether it is settled.
 */
const renewScript = redisScript(`${opening}
if here == 'unknown' then return here end
local replies = { here }
for at, key in ipairs(KEYS) do
  open(key, ARGV[1])
  local isMember = ARGV[at + 3] == '1' or redis.call('HEXISTS', key, ARGV[2]) == 1
  if isMember then redis.call('HSET', key, ARGV[2], ARGV[3]) end
  local states = redis.call('HMGET', key, '!birth', '!settled')
  replies[at + 1] = { isMember and 1 or 0, states[1], states[2] and 1 or 0 }
end
return replies
`)

/** KEYS[1] the hash. ARGV: 1 birth. Settles the hash if it is still the one of this birth. */
const settleScript = redisScript(`
if redis.call('HGET', KEYS[1], '!birth') ~= ARGV[1] then return 0 end
return redis.call('HSET', KEYS[1], '!settled', '1')
`)

/** KEYS[1] the hash. ARGV: 1 member, 2 number. Removes the member unless it was renewed since. */
const removeScript = redisScript(`
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
`)

/** A message for the members of one cache. */
export interface MemberMessage {
  readonly hash: string
  readonly channel: string
  readonly text: string
}

/** The members of one cache. */
export interface Members {
  readonly hash: string
  readonly birth: string
  readonly isSettled: boolean
  /** The number of the last renewal, by member. */
  readonly renewals: ReadonlyMap<string, string>
}

/** Publishes messages and lists the members then. One round trip. */
export async function announce(
  client: RedisClientType,
  messages: readonly MemberMessage[],
  birth: string,
): Promise<readonly Members[]> {
  const reply = await runScript(client, announceScript, {
    key: messages.map(({ hash }) => hash),
    arguments: [birth, ...messages.flatMap(({ channel, text }) => [channel, text])],
  })
  return (reply as string[][]).map((fields, at) => membersOf(messages[at]?.hash ?? '', fields))
}

function membersOf(hash: string, flat: readonly string[]): Members {
  const fields = new Map<string, string>()
  for (let at = 0; at < flat.length; at += 2) fields.set(flat[at] as string, flat[at + 1] as string)
  return {
    hash,
    birth: fields.get('!birth') ?? '',
    isSettled: fields.has('!settled'),
    renewals: new Map([...fields].filter(([field]) => !field.startsWith('!'))),
  }
}

/** A request to stay a member, or to become one. */
export interface Renewal {
  readonly member: string
  readonly number: number
  /** Birth of a hash that has to be made. */
  readonly birth: string
  readonly hashes: readonly { readonly hash: string; readonly isJoining: boolean }[]
}

/** What a renewal found. */
export interface Renewed {
  /** The server and its term as a primary. */
  readonly history: string
  readonly hashes: readonly {
    readonly hash: string
    readonly isMember: boolean
    readonly birth: string
    readonly isSettled: boolean
  }[]
}

/** Renews a membership; `undefined` when the server does not say which it is. One round trip. */
export async function renew(
  client: RedisClientType,
  { member, number, birth, hashes }: Renewal,
): Promise<Renewed | undefined> {
  const reply = await runScript(client, renewScript, {
    key: hashes.map(({ hash }) => hash),
    arguments: [birth, member, String(number), ...hashes.map((one) => (one.isJoining ? '1' : '0'))],
  })
  if (!Array.isArray(reply)) return undefined
  const [history, ...states] = reply as [string, ...[number, string, number][]]
  return {
    history,
    hashes: states.map(([isMember, itsBirth, isSettled], at) => ({
      hash: hashes[at]?.hash ?? '',
      isMember: isMember === 1,
      birth: itsBirth,
      isSettled: isSettled === 1,
    })),
  }
}

/** Notes that the members of earlier hashes have lost their right. One round trip. */
export async function settle(
  client: RedisClientType,
  { hash, birth }: Pick<Members, 'hash' | 'birth'>,
): Promise<void> {
  await runScript(client, settleScript, { key: hash, arguments: [birth] })
}

/** Removes a member that was not renewed since it was listed. One round trip. */
export async function remove(
  client: RedisClientType,
  hash: string,
  [member, number]: readonly [member: string, number: string],
): Promise<boolean> {
  return (await runScript(client, removeScript, { key: hash, arguments: [member, number] })) === 1
}
