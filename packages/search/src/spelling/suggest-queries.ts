/**
 * Published courses whose titles have words that start with these. Titles that start with the whole
 * come first, then the courses with the most students. An index on the trigrams of titles makes it
 * fast. $1 pattern of the longest word, $2 patterns of all words, $3 pattern of the whole, $4
 * limit.
 */
export const selectSuggestions = `
  SELECT id, title
  FROM @schema.courses
  WHERE is_published AND title ~* $1::text AND title ~* ALL ($2::text[])
  ORDER BY (title ~* $3::text) DESC, current_enrollment DESC, title, id
  LIMIT $4`
