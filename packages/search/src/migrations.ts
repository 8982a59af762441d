/**
 * The migrations of this package, to be handed to `migrate` after those of
 * `@headwater/repositories`: what is noted of the generations of the index, of each course in it
 * and of a reindexing; and `pg_trgm` with an index on the trigrams of titles, where PostgreSQL has
 * that extension and lets this role install it. Without `pg_trgm` misspelt words are corrected at a
 * higher cost; without the tables there are neither generations nor statuses.
 */
export const searchMigrations = {
  name: 'search',
  directory: new URL('../migrations/', import.meta.url),
}

/**
 * The migrations of {@link pgvectorIndex}, to be handed to `migrate` by who uses it: the extension
 * `vector`, and the table `search_vector`.
 */
export const pgvectorMigrations = {
  name: 'search_pgvector',
  directory: new URL('../pgvector-migrations/', import.meta.url),
}
