/**
 * Published courses whose titles have words that begin like these, those whose title begins like
 * the whole first, then the most attended. Where there is an index on the titles' trigrams, it
 * serves this. $1 the pattern of the longest word, $2 the patterns of all, $3 the pattern of the
 * whole, $4 limit.
 */
export const selectSuggestions = `
  SELECT id, title
  FROM @schema.courses
  WHERE is_published AND title ~* $1::text AND title ~* ALL ($2::text[])
  ORDER BY (title ~* $3::text) DESC, current_enrollment DESC, title, id
  LIMIT $4`
