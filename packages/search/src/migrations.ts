import type { MigrationSet } from '@headwater/core'

/**
 * The migrations of this package, for `migrate` after those of `@headwater/repositories`. They
 * create the tables of words, generations, calibrations, statuses and reindexing progress, and
 * install `pg_trgm` with an index on the trigrams of the words of titles, where PostgreSQL has it
 * and the role may. Without `pg_trgm`, correcting misspelt words costs more. Without the tables
 * there are neither generations nor statuses.
 */
export const searchMigrations: MigrationSet = {
  name: 'search',
  directory: new URL('../migrations/', import.meta.url),
}

/**
 * The migrations of {@link pgvectorIndex}, for `migrate`: the extension `vector` and the table
 * `search_vector`.
 */
export const pgvectorMigrations: MigrationSet = {
  name: 'search_pgvector',
  directory: new URL('../pgvector-migrations/', import.meta.url),
}
