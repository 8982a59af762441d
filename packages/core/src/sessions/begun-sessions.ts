import type { Stores } from '../connect/stores.ts'
import { FailureError } from '../failure/failure-error.ts'
import { batchesOf } from '../in-batches.ts'
import { KeyReader } from '../stores/redis/reads/key-reader.ts'
import { PatientRedis } from '../stores/redis/scan/patient-redis.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import { scanKeys } from '../stores/redis/scan/scan-keys.ts'
import { Revocations } from './revocations.ts'
import { decodeTimes } from './session-entry.ts'
import { hashOfKey, sessionKey, sessionKeyStart } from './session-keys.ts'
import { sessionDefaults } from './sessions.ts'

/** A span of time: `from` is part of it, `until` is not. */
export interface Span {
  readonly from: Date
  readonly until: Date
}

/** The stores that hold sessions. */
export type SessionsStores = Pick<Stores, 'postgres' | 'redis' | 'diagnostics' | 'clock'>

/** Sessions that one revocation names. */
const sessionsAtOnce = 1_000

/**
 * Counts the sessions that began within a span, by the clock of Redis. Reads every session.
 *
 * @throws {@link FailureError} when Redis does not answer.
 */
export async function countSessionsBegun({ redis }: SessionsStores, span: Span): Promise<number> {
  const found = new Set<string>()
  for await (const hashes of sessionsBegun(patient(redis), span))
    for (const hash of hashes) found.add(hash)
  return found.size
}

/**
 * Ends the sessions that began within a span, for good, and returns their number. They end page by
 * page: those that were found before a failure have ended.
 *
 * @throws {@link FailureError} when PostgreSQL or Redis does not answer.
 */
export async function endSessionsBegun(
  { postgres, redis, diagnostics, clock }: SessionsStores,
  span: Span,
): Promise<number> {
  const stores = { postgres, redis: patient(redis), diagnostics, clock }
  const revocations = new Revocations(stores, sessionDefaults.absoluteTtlMs)
  let count = 0
  for await (const hashes of sessionsBegun(stores.redis, span)) {
    for (const sessions of batchesOf(hashes, { maxItems: sessionsAtOnce })) {
      const written = await revocations.log.write({ sessions })
      if (written.isErr()) throw new FailureError(written.error)
      const applied = await revocations.apply([written.value])
      if (applied.isErr()) throw new FailureError(applied.error)
      count += sessions.length
    }
  }
  await revocations.settled()
  return count
}

/** The hashes of the sessions that began within a span, page by page; one may come twice. */
async function* sessionsBegun(redis: RedisStore, span: Span): AsyncGenerator<readonly string[]> {
  const reader = new KeyReader(redis, 'find sessions')
  for await (const keys of scanKeys(redis, sessionKeyStart(redis))) {
    const texts = await reader.read(keys)
    if (texts.isErr()) throw new FailureError(texts.error)
    const begun = keys.filter((_, at) => isBegunIn(span, texts.value[at] ?? null))
    const hashes = begun.flatMap((key) => hashOfSession(redis, key))
    if (hashes.length > 0) yield [...new Set(hashes)]
  }
}

/** None for a key of another form, which no session is found under. */
function hashOfSession(redis: RedisStore, key: string): readonly string[] {
  const hash = hashOfKey(redis, key)
  return /^[\da-f]{64}$/.test(hash) && sessionKey(redis, hash) === key ? [hash] : []
}

/** A foreign text has no times, and is in no span. */
function isBegunIn({ from, until }: Span, text: string | null): boolean {
  if (text === null) return false
  const { createdAt } = decodeTimes(text)
  return createdAt >= from.getTime() && createdAt < until.getTime()
}

function patient(redis: RedisStore): RedisStore {
  return new PatientRedis(redis.usedFor('sessions'))
}
