import type { CacheReadError, InvalidInput, ReadOptions, ResultAsync } from '@headwater/core'
import type { Course } from '@headwater/repositories'

/**
 * Where courses are read: the repository of `@headwater/repositories`, or anything that reads as it
 * does.
 */
export interface CourseReader {
  /** Reads many courses; those that do not exist are left out. With `tx` the cache is passed by. */
  getMany(
    ids: readonly number[],
    options?: ReadOptions,
  ): ResultAsync<Map<number, Course>, InvalidInput | CacheReadError>
}
