import type { CacheReadError, InvalidInput, ReadOptions, ResultAsync } from '@headwater/core'
import type { Course } from '@headwater/repositories'

/**
 * Where courses are read: the repository of `@headwater/repositories`, or anything that reads as it
 * does.
 */
export interface CourseReader {
  /** Reads many courses; absent ones are left out. With `tx` the cache is bypassed. */
  getMany(
    ids: readonly number[],
    options?: ReadOptions,
  ): ResultAsync<Map<number, Course>, InvalidInput | CacheReadError>
}
