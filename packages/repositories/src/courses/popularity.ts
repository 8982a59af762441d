import { randomUUID } from 'node:crypto'
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
 * A marker, a member below all others, names the run of the server that the set was built on. A set
 * without the current marker was lost, came from a snapshot or is not complete, and is rebuilt from
 * PostgreSQL.
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
      this.#write(counts, signal).andThen((isThere) => {
        if (!isThere) {
          this.#rebuildInBackground()
          return okAsync(undefined)
        }
        return this.#counts(ids).andThen((now) =>
          attempts <= 1 || changesBetween(counts, now).length === 0
            ? okAsync(undefined)
            : this.refresh(ids, signal, attempts - 1),
        )
      }),
    )
  }

  /**
   * Rebuilds the set from PostgreSQL. It is complete once the counts were read again and those that
   * changed were written: what others wrote before it was replaced was older in the first reading.
   */
  rebuild(): ResultAsync<void, StoreError | SqlError> {
    const marker = this.#marker
    if (marker === undefined) return errAsync(noServer)
    const pending = `pending:${randomUUID()}`
    return this.#popularCounts().andThen((counts) =>
      this.#replace(counts, pending)
        .andThen(() => this.#popularCounts())
        .andThen((now) => this.#complete(changesBetween(counts, now), { pending, marker }))
        .map(() => undefined),
    )
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

  #popularCounts(): ResultAsync<Map<number, number>, SqlError> {
    return read<CourseCount>(this.#stores, [selectPopularCourses, [rebuiltCourses]]).map(
      ({ rows }) => new Map(rows.map((row) => [row.id, row.current_enrollment])),
    )
  }

  #replace(counts: ReadonlyMap<number, number>, pending: string): ResultAsync<unknown, StoreError> {
    const members = [...counts].map(([id, score]) => ({ value: String(id), score }))
    return this.#stores.redis.run('popularity-rebuild', (client) =>
      client
        .multi()
        .del(this.#key)
        .zAdd(this.#key, [{ value: pending, score: -1 }, ...members])
        .exec(),
    )
  }

  #complete(
    changes: readonly CountChange[],
    { pending, marker }: { readonly pending: string; readonly marker: string },
  ): ResultAsync<unknown, StoreError> {
    return this.#stores.redis.run('popularity-complete', (client) =>
      client.eval(completeScript, {
        keys: [this.#key],
        arguments: [
          pending,
          marker,
          ...changes.flatMap(({ id, from, to }) => [id, from, to].map(String)),
        ],
      }),
    )
  }

  #write(
    counts: ReadonlyMap<number, number>,
    signal: AbortSignal,
  ): ResultAsync<boolean, StoreError> {
    return this.#stores.redis
      .run(
        'popularity-write',
        (client) =>
          client.eval(writeScript, {
            keys: [this.#key],
            arguments: [...counts].flat().map(String),
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

/** Writes a count, or removes the course that has none. */
const setCount = `
local function set(id, count)
  if count == '0' then return redis.call('ZREM', KEYS[1], id) end
  return redis.call('ZADD', KEYS[1], count, id)
end`

/**
 * KEYS[1] the set. ARGV pairs of course id and count. Replies 1 when the counts were written, also
 * to a set that is being rebuilt, and 0 when there is no set.
 */
const writeScript = `${setCount}
if redis.call('ZCOUNT', KEYS[1], -1, -1) == 0 then return 0 end
for i = 1, #ARGV, 2 do set(ARGV[i], ARGV[i + 1]) end
return 1`

/**
 * KEYS[1] the set. ARGV: 1 the member of a rebuild that is pending, 2 the marker, then a course id,
 * the count that the rebuild wrote, and the count now. Counts that others wrote meanwhile stay.
 * Replies 0 when another rebuild came in between, which completes the set.
 */
const completeScript = `${setCount}
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
for i = 3, #ARGV, 3 do
  local count = redis.call('ZSCORE', KEYS[1], ARGV[i]) or '0'
  if count == ARGV[i + 1] then set(ARGV[i], ARGV[i + 2]) end
end
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('ZADD', KEYS[1], -1, ARGV[2])`

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

/** A count that has changed; 0 stands for a course that is not in the set. */
interface CountChange {
  readonly id: number
  readonly from: number
  readonly to: number
}

function changesBetween(
  before: ReadonlyMap<number, number>,
  now: ReadonlyMap<number, number>,
): CountChange[] {
  const ids = new Set([...before.keys(), ...now.keys()])
  return [...ids]
    .map((id) => ({ id, from: before.get(id) ?? 0, to: now.get(id) ?? 0 }))
    .filter(({ from, to }) => from !== to)
}
