import type { MigrationSet } from '@headwater/core'

/**
 * The migrations of this package, for `migrate`: tables `users`, `courses`, `course_popularity`,
 * `enrollments`, `waitlist`, `activity_spill` and `user_erasure`.
 */
export const repositoriesMigrations: MigrationSet = {
  name: 'repositories',
  directory: new URL('../migrations/', import.meta.url),
}
