import type { RedisClientType } from '@redis/client'
import type { StoreError } from '../errors.ts'
import { err, ok, type Result } from '../result.ts'
import { runScripts } from '../stores/redis/redis-script.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import type { AppliedRevocation, Revocation } from './revocation-log.ts'
import { beginEpoch } from './scripts/begin-epoch.ts'
import { forgetSessions } from './scripts/forget-sessions.ts'
import { indexKey, sessionKey } from './session-keys.ts'

/** Revocations that have been applied. */
export interface AppliedRevocations {
  /** One per revocation, in order. */
  readonly applied: readonly AppliedRevocation[]
  /** The number of sessions that ended. */
  readonly count: number
}

/** Revocations of one round trip: there may be a hundred thousand to apply. */
const atOnce = 200

/**
 * Ends revoked sessions in Redis. Idempotent; sessions that began after a revocation stay. One
 * round trip per 200 revocations of users, and one per 200 sessions.
 */
export async function applyInRedis(
  redis: RedisStore,
  revocations: readonly Revocation[],
  keepMs: number,
): Promise<Result<AppliedRevocations, StoreError>> {
  const epochs = await runScripts(redis, 'revoke sessions', {
    items: revocations,
    atOnce,
    run: (client, revocation) => applyOne(client, { redis, revocation, keepMs }),
  })
  if (epochs.isErr()) return err(epochs.error)
  const applied = epochs.value
  const hashes = [...new Set(applied.flatMap(({ sessions }) => sessions))]
  const removed = await runScripts(redis, 'end sessions', {
    items: hashes,
    atOnce,
    run: (client, hash) => client.unlink(sessionKey(redis, hash)),
  })
  if (removed.isErr()) return err(removed.error)
  return ok({ applied, count: removed.value.reduce((sum, count) => sum + count, 0) })
}

/**
 * Removes ended sessions from their users' indexes. An index that still names them does no harm.
 */
export async function forgetInRedis(
  redis: RedisStore,
  revocations: readonly Revocation[],
  applied: readonly AppliedRevocation[],
): Promise<void> {
  const items = revocations.flatMap(({ user }, at) => {
    const hashes = applied[at]?.sessions ?? []
    return user === null || hashes.length === 0 ? [] : [{ index: indexKey(redis, user), hashes }]
  })
  const forgotten = await runScripts(redis, 'forget sessions', {
    items,
    atOnce,
    run: (client, { index, hashes }) => forgetSessions(client, index, hashes),
  })
  forgotten.unwrapOr([])
}

interface ToApply {
  readonly redis: RedisStore
  readonly revocation: Revocation
  readonly keepMs: number
}

async function applyOne(
  client: RedisClientType,
  { redis, revocation, keepMs }: ToApply,
): Promise<AppliedRevocation> {
  const { id, name, user, epoch, sessions, knownEpoch } = revocation
  if (user === null) return { id, epoch, sessions }
  const begun = await beginEpoch(client, indexKey(redis, user), { name, epoch, knownEpoch, keepMs })
  return { id, epoch: begun.epoch, sessions: [...new Set([...sessions, ...begun.ended])] }
}
