/** The last course of an unfinished reindexing. $1 generation. */
export const selectProgress =
  'SELECT after_course FROM @schema.search_reindex WHERE generation = $1'

/** Records the progress of a reindexing. $1 generation, $2 last course. */
export const saveProgress = `
  INSERT INTO @schema.search_reindex (generation, after_course) VALUES ($1, $2)
  ON CONFLICT (generation) DO UPDATE SET after_course = excluded.after_course, updated_at = now()`

/** Forgets the progress of a finished reindexing. $1 generation. */
export const deleteProgress = 'DELETE FROM @schema.search_reindex WHERE generation = $1'

/** The number of published courses after one. $1 course. */
export const countPublished =
  'SELECT count(*)::integer AS count FROM @schema.courses WHERE is_published AND id > $1'
