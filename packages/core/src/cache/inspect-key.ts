import type { CacheKey } from '../cache-key.ts'
import type { Stores } from '../connect/stores.ts'
import type { StoreError } from '../errors.ts'
import type { Json } from '../json/json.ts'
import type { ResultAsync } from '../result.ts'
import {
  expiryOf,
  isAbsentRow,
  isOfCache,
  type KeyState,
  payloadOf,
  softExpiryOf,
  stateOf,
  tagNoncesOf,
} from './entry.ts'

/** What Redis holds under the key of an entry. */
export interface KeyInspection {
  /** The key, without the prefix of the deployment. */
  readonly key: string
  /**
   * `absent`: nothing. `value`: an entry. `lease`: one reader loads it. `hold`: a writer changes
   * it, so that readers go to PostgreSQL. `tag`: the tag of other entries. `foreign`: what no cache
   * has written.
   */
  readonly state: KeyState
  /** Time until Redis removes it, in milliseconds; absent where there is nothing, or no limit. */
  readonly leftMs?: number
  /** The writers that hold it. */
  readonly holders: readonly KeyHolder[]
  /** The entry; absent in every other state. */
  readonly entry?: InspectedEntry
}

/** A writer that holds a key. */
export interface KeyHolder {
  /** Names the change. */
  readonly owner: string
  /** When its hold ends, unless it is released before. */
  readonly until: Date
}

/** An entry as Redis holds it. */
export interface InspectedEntry {
  /**
   * Whether this process would use it: it was stored on this server, in its present term as a
   * primary, and after the last flush. Tags are not looked at.
   */
  readonly isTrusted: boolean
  /** Whether there is a row; otherwise it says that there is none. */
  readonly isRow: boolean
  /** When a read refreshes it in the background. */
  readonly refreshAt: Date
  /** When it answers no more, unless its source is down. */
  readonly expiresAt: Date
  /** Number of its tags. */
  readonly tags: number
  /** Length of its JSON, in characters. */
  readonly length: number
  /** Its JSON as stored; `null` for a row that does not exist or a text that is no JSON. */
  readonly json: Json
}

/**
 * Looks at what Redis holds under a key, without changing anything: who holds it, until when it
 * answers, and what it says. Two commands in one round trip.
 *
 * @example
 * ```ts
 * const { state, holders } = orThrow(await inspectKey(stores, courses.key(5)))
 * ```
 */
export function inspectKey(
  stores: Stores,
  { text }: CacheKey,
): ResultAsync<KeyInspection, StoreError> {
  // Declarations keep how a parameter is taken apart, and leave out what is internal of the stores.
  const { redis, invalidation } = stores
  const key = redis.keyPrefix + text
  return redis
    .run('inspect key', async (client) => {
      const [raw, leftMs] = await Promise.all([textAt(client.get(key)), client.pTTL(key)])
      return { raw, leftMs: Number(leftMs) }
    })
    .map(({ raw, leftMs }) => ({
      key: text,
      state: stateOf(raw),
      ...(leftMs >= 0 ? { leftMs } : {}),
      holders: stateOf(raw) === 'hold' ? holdersIn(raw as string) : [],
      ...(stateOf(raw) === 'value' ? { entry: entryIn(raw as string, invalidation.cacheId) } : {}),
    }))
}

/** A list or a set is foreign as well. */
async function textAt(read: Promise<string | null>): Promise<string | null> {
  try {
    return await read
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return ''
    throw error
  }
}

function holdersIn(raw: string): readonly KeyHolder[] {
  return [...raw.slice(3).matchAll(/([^ :]+):(\d+)/g)].map(([, owner = '', until]) => ({
    owner,
    until: new Date(Number(until)),
  }))
}

function entryIn(raw: string, cacheId: string | undefined): InspectedEntry {
  const payload = payloadOf(raw)
  return {
    isTrusted: cacheId !== undefined && isOfCache(raw, cacheId),
    isRow: !isAbsentRow(raw),
    refreshAt: new Date(softExpiryOf(raw)),
    expiresAt: new Date(expiryOf(raw)),
    tags: tagNoncesOf(raw).length,
    length: payload.length,
    json: jsonIn(payload),
  }
}

function jsonIn(payload: string): Json {
  try {
    return JSON.parse(payload) as Json
  } catch {
    return null
  }
}
