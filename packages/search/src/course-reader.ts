import type { CacheReadError, InvalidInput, ReadOptions, ResultAsync } from '@headwater/core'
import type { Course } from '@headwater/repositories'

/**
 * Reads courses: the repository of `@headwater/repositories`, or any other reader with its
 * promises.
 */
export interface CourseReader {
  /** Reads many courses; unknown ids have no entry. `tx` bypasses the cache. */
  getMany(
    ids: readonly number[],
    options?: ReadOptions,
  ): ResultAsync<Map<number, Course>, InvalidInput | CacheReadError>
}
