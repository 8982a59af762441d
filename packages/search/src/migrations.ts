/**
 * The migrations of this package, to be handed to `migrate` after those of `@headwater/repositories`: `pg_trgm` and an index on the trigrams of
 * titles, where PostgreSQL has that extension and lets this role install it. Without them everything works, correcting what is misspelt at
 * a higher cost.
 */
export const searchMigrations = {
  name: 'search',
  directory: new URL('../migrations/', import.meta.url),
}
