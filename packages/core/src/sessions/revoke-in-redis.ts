import type { RedisClientType } from 'redis'
import type { StoreError } from '../errors.ts'
import { err, ok, type Result } from '../result.ts'
import { runScript, runScripts } from '../stores/redis/redis-script.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import type { AppliedRevocation, Revocation } from './revocation-log.ts'
import { indexKey, sessionKey } from './session-keys.ts'
import { endEpoch, forgetSessions } from './session-scripts.ts'

/** What came of telling Redis. */
export interface Told {
  /** To be marked in the log. */
  readonly applied: readonly AppliedRevocation[]
  /** How many sessions ended. */
  readonly count: number
}

/**
 * Ends in Redis what was revoked; what has ended already stays so, and sessions that began after a
 * revocation stay what they are. Two round trips per 50 revocations and per 50 sessions.
 */
export async function revokeInRedis(
  redis: RedisStore,
  revocations: readonly Revocation[],
  keepMs: number,
): Promise<Result<Told, StoreError>> {
  const epochs = await runScripts(redis, 'revoke sessions', {
    items: revocations,
    run: (client, revocation) => beginEpoch(client, { redis, revocation, keepMs }),
  })
  if (epochs.isErr()) return err(epochs.error)
  const applied = epochs.value
  const hashes = [...new Set(applied.flatMap(({ sessions }) => sessions))]
  const removed = await runScripts(redis, 'end sessions', {
    items: hashes,
    run: (client, hash) => client.unlink(sessionKey(redis, hash)),
  })
  if (removed.isErr()) return err(removed.error)
  return ok({ applied, count: removed.value.reduce((sum, count) => sum + count, 0) })
}

/** Takes sessions that have ended out of their users' indexes. Nothing depends on it. */
export async function forgetInRedis(
  redis: RedisStore,
  revocations: readonly Revocation[],
  applied: readonly AppliedRevocation[],
): Promise<void> {
  const items = revocations.flatMap(({ user }, index) => {
    const hashes = applied[index]?.sessions ?? []
    return user === null || hashes.length === 0 ? [] : [{ key: indexKey(redis, user), hashes }]
  })
  const forget = (
    client: RedisClientType,
    { key, hashes }: (typeof items)[number],
  ): Promise<unknown> => runScript(client, forgetSessions, { key, arguments: [...hashes] })
  const forgotten = await runScripts(redis, 'forget sessions', { items, run: forget })
  forgotten.unwrapOr([])
}

interface Ending {
  readonly redis: RedisStore
  readonly revocation: Revocation
  readonly keepMs: number
}

async function beginEpoch(
  client: RedisClientType,
  { redis, revocation, keepMs }: Ending,
): Promise<AppliedRevocation> {
  const { id, user, epoch, sessions, knownEpoch } = revocation
  if (user === null) return { id, epoch, sessions }
  const values = [id, epoch ?? '', knownEpoch, String(keepMs)]
  const [begun = '', ...ended] = (await runScript(client, endEpoch, {
    key: indexKey(redis, user),
    arguments: values,
  })) as string[]
  return { id, epoch: begun, sessions: [...new Set([...sessions, ...ended])] }
}
