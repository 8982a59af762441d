/**
 * The migrations of this package, to be handed to `migrate`: tables `users`, `courses`,
 * `enrollments` and `activity_spill`.
 */
export const repositoriesMigrations = {
  name: 'repositories',
  directory: new URL('../migrations/', import.meta.url),
}
