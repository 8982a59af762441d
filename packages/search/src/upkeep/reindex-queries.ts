/** How far a reindexing has come. $1 generation. */
export const selectProgress =
  'SELECT after_course FROM @schema.search_reindex WHERE generation = $1'

/** Notes how far a reindexing has come. $1 generation, $2 the last course. */
export const saveProgress = `
  INSERT INTO @schema.search_reindex (generation, after_course) VALUES ($1, $2)
  ON CONFLICT (generation) DO UPDATE SET after_course = excluded.after_course, updated_at = now()`

/** Ends a reindexing. $1 generation. */
export const deleteProgress = 'DELETE FROM @schema.search_reindex WHERE generation = $1'

/** How many published courses there are after one. $1 the course. */
export const countPublished =
  'SELECT count(*)::integer AS count FROM @schema.courses WHERE is_published AND id > $1'
