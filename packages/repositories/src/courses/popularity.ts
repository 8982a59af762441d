import { errAsync, okAsync, validate } from '@headwater/core'
import type {
  InvalidInput,
  ResultAsync,
  SqlError,
  StoreError,
  Stores,
  StoreUnavailable,
} from '@headwater/core'
import { z } from 'zod'
import { read } from '../sql.ts'
import { selectEnrollmentCounts, selectPopularCourses } from './course-queries.ts'

interface CourseCount {
  readonly id: number
  readonly current_enrollment: number
}

const topInput = z.strictObject({ limit: z.int().min(1).max(100) })

/** Number of courses in the sorted set after a rebuild, at most. */
const rebuiltCourses = 10_000

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
   * Returns the ids of the courses with the most students. One Redis round trip; without Redis, or
   * without the set, one of PostgreSQL.
   */
  top(limit: number): ResultAsync<readonly number[], InvalidInput | SqlError> {
    return validate(topInput, { limit }).asyncAndThen(() =>
      this.#fromRedis(limit)
        .orElse(() => okAsync(undefined))
        .andThen((ids) => {
          if (ids !== undefined) return okAsync(ids)
          this.#rebuildInBackground()
          return this.#fromPostgres(limit)
        }),
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

  #fromRedis(limit: number): ResultAsync<number[] | undefined, StoreError> {
    const marker = this.#marker
    if (marker === undefined) return okAsync(undefined)
    return this.#stores.redis
      .run('popularity-read', (client) =>
        Promise.all([
          client.zScore(this.#key, marker),
          client.zRange(this.#key, 0, limit - 1, { REV: true }),
        ]),
      )
      .map(([score, members]) =>
        score === null ? undefined : members.map(Number).filter(Number.isInteger),
      )
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

function isEqual(before: ReadonlyMap<number, number>, now: ReadonlyMap<number, number>): boolean {
  return [...before].every(([id, count]) => now.get(id) === count)
}
