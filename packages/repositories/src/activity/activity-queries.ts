/**
 * Appends entries in their order, unless that made the table hold more than `$2`. $1 entries as a JSON array, $2 how many entries it may hold.
 */
export const insertSpill = `
  INSERT INTO @schema.activity_spill (entry)
  SELECT entry
  FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS given (entry, place)
  WHERE (SELECT coalesce(max(seq) - min(seq) + 1, 0) FROM @schema.activity_spill) + jsonb_array_length($1::jsonb) <= $2::bigint
  ORDER BY place`

/**
 * The oldest entries. $1 limit.
 */
export const selectSpill = `
  SELECT seq::text AS seq, entry
  FROM @schema.activity_spill
  ORDER BY seq
  LIMIT $1`

/**
 * $1 seqs.
 */
export const deleteSpill = `
  DELETE FROM @schema.activity_spill
  WHERE seq = ANY ($1::bigint[])`
