import { errAsync, okAsync, once, unlessAborted, validate } from '@headwater/core'
import type {
  Abortable,
  InvalidInput,
  ResultAsync,
  SqlError,
  StoreError,
  Stores,
  StoreUnavailable,
} from '@headwater/core'
import * as z from 'zod/mini'
import { read } from '../sql.ts'
import { selectEnrollmentCounts } from './course-queries.ts'
import { selectPopularCourses } from './popularity-queries.ts'

interface CourseCount {
  readonly id: number
  readonly current_enrollment: number
}

const topInput = once(() => z.strictObject({ limit: z.int().check(z.minimum(1), z.maximum(100)) }))

/** Number of courses in the sorted set after a rebuild, at most. */
const rebuiltCourses = 10_000

/** Courses beyond the limit that are read to order those with the same number of students. */
const mostTies = 1_000

/**
 * Courses by number of students: the sorted set `courses:popular` in Redis, with absolute counts.
 * A marker member below all others names the run of the server that the set was built on. A set
 * without the current marker was lost or came from a snapshot, and is rebuilt from PostgreSQL.
 */
export class Popularity {
  readonly #stores: Stores
  readonly #key: string
  #rebuild: Promise<unknown> | undefined

  constructor(stores: Stores) {
    this.#stores = stores
    this.#key = `${stores.redis.keyPrefix}courses:popular`
  }

  /**
   * Returns the ids of the courses with the most students; of those with as many, the newest first.
   * One Redis round trip. Without Redis, without the set, or where a thousand courses have as many
   * students as the last one, one of PostgreSQL.
   */
  top(limit: number, options?: Abortable): ResultAsync<readonly number[], InvalidInput | SqlError> {
    return validate(topInput(), { limit }).asyncAndThen(() =>
      unlessAborted(options, { store: 'redis', operation: 'popularity-read' }, () =>
        this.#top(limit),
      ),
    )
  }

  /**
   * Writes the current counts of courses; courses that are unpublished or have no students leave
   * the set. Reads the counts again afterwards, and writes again when they changed: another writer
   * may have come in between. `signal` ends the wait.
   */
  refresh(
    ids: readonly number[],
    signal: AbortSignal,
    attempts = 3,
  ): ResultAsync<void, StoreError | SqlError> {
    return this.#counts(ids).andThen((counts) =>
      this.#write(counts, signal).andThen((isSet) => {
        if (!isSet) return this.rebuild()
        return this.#counts(ids).andThen((now) =>
          attempts <= 1 || isEqual(counts, now)
            ? okAsync(undefined)
            : this.refresh(ids, signal, attempts - 1),
        )
      }),
    )
  }

  /** Rebuilds the set from PostgreSQL. */
  rebuild(): ResultAsync<void, StoreError | SqlError> {
    const marker = this.#marker
    if (marker === undefined) return errAsync(noServer)
    return read<CourseCount>(this.#stores, [selectPopularCourses, [rebuiltCourses]])
      .andThen(({ rows }) => {
        const members = rows.map((row) => ({
          value: String(row.id),
          score: row.current_enrollment,
        }))
        return this.#stores.redis.run('popularity-rebuild', (client) =>
          client
            .multi()
            .del(this.#key)
            .zAdd(this.#key, [{ value: marker, score: -1 }, ...members])
            .exec(),
        )
      })
      .map(() => undefined)
  }

  get #marker(): string | undefined {
    const { runId } = this.#stores.redis
    return runId === undefined ? undefined : `run:${runId}`
  }

  #top(limit: number): ResultAsync<readonly number[], SqlError> {
    return this.#fromRedis(limit)
      .orElse(() => okAsync(undefined))
      .andThen((found) => {
        if (Array.isArray(found)) return okAsync(found)
        if (found !== 'ties') this.#rebuildInBackground()
        return this.#fromPostgres(limit)
      })
  }

  #fromRedis(limit: number): ResultAsync<number[] | 'ties' | undefined, StoreError> {
    const marker = this.#marker
    if (marker === undefined) return okAsync(undefined)
    const asked = [marker, String(limit), String(mostTies)]
    return this.#stores.redis
      .run('popularity-read', (client) =>
        client.eval(readScript, { keys: [this.#key], arguments: asked }),
      )
      .map((reply) => {
        if (!Array.isArray(reply)) return reply === 1 ? 'ties' : undefined
        return newestFirst(reply.map(Number)).slice(0, limit)
      })
  }

  #fromPostgres(limit: number): ResultAsync<number[], SqlError> {
    return read<CourseCount>(this.#stores, [selectPopularCourses, [limit]]).map(({ rows }) =>
      rows.map((row) => row.id),
    )
  }

  #counts(ids: readonly number[]): ResultAsync<Map<number, number>, SqlError> {
    return read<CourseCount & { is_published: boolean }>(this.#stores, [
      selectEnrollmentCounts,
      [ids],
    ]).map(({ rows }) => {
      const listed = rows.filter((row) => row.is_published && row.current_enrollment > 0)
      const counts = new Map(listed.map((row) => [row.id, row.current_enrollment]))
      return new Map(ids.map((id) => [id, counts.get(id) ?? 0]))
    })
  }

  #write(
    counts: ReadonlyMap<number, number>,
    signal: AbortSignal,
  ): ResultAsync<boolean, StoreError> {
    const marker = this.#marker
    if (marker === undefined) return errAsync(noServer)
    return this.#stores.redis
      .run(
        'popularity-write',
        (client) =>
          client.eval(writeScript, {
            keys: [this.#key],
            arguments: [marker, ...[...counts].flat().map(String)],
          }),
        { signal },
      )
      .map((reply) => reply === 1)
  }

  #rebuildInBackground(): void {
    this.#rebuild ??= Promise.resolve(this.rebuild()).finally(() => {
      this.#rebuild = undefined
    })
  }
}

const noServer: StoreUnavailable = {
  type: 'store-unavailable',
  message: 'Redis is not connected',
  retryable: true,
  store: 'redis',
  operation: 'popularity-write',
}

/**
 * KEYS[1] the set. ARGV[1] the marker, then pairs of course id and count. Replies 1 when the counts
 * were written, 0 when the set lacks the marker and nothing was done.
 */
const writeScript = `
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
for i = 2, #ARGV, 2 do
  if ARGV[i + 1] == '0' then
    redis.call('ZREM', KEYS[1], ARGV[i])
  else
    redis.call('ZADD', KEYS[1], ARGV[i + 1], ARGV[i])
  end
end
return 1`

/**
 * KEYS[1] the set. ARGV: 1 the marker, 2 the number of courses, 3 the most courses beyond it.
 * Replies the courses with at least as many students as the last one wanted, each with its count;
 * 0 when the set lacks the marker, 1 when they are too many.
 */
const readScript = `
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
local last = redis.call('ZREVRANGE', KEYS[1], ARGV[2] - 1, ARGV[2] - 1, 'WITHSCORES')
local least = math.max(tonumber(last[2] or 1), 1)
local count = redis.call('ZCOUNT', KEYS[1], least, '+inf')
if count > ARGV[2] + ARGV[3] then return 1 end
return redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', least, 'WITHSCORES')`

/** The ids of pairs of id and count, by count; of those with one count, the newest first. */
function newestFirst(pairs: readonly number[]): number[] {
  const courses = Array.from({ length: pairs.length / 2 }, (_, at) => ({
    id: pairs[2 * at] ?? 0,
    count: pairs[2 * at + 1] ?? 0,
  }))
  return courses
    .sort((one, other) => other.count - one.count || other.id - one.id)
    .map(({ id }) => id)
}

function isEqual(before: ReadonlyMap<number, number>, now: ReadonlyMap<number, number>): boolean {
  return [...before].every(([id, count]) => now.get(id) === count)
}
