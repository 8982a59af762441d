/**
 * Appends entries in their order, unless that made the table hold more than `$3`. $1 who appends, $2 entries as a JSON array, $3 how many
 * entries the table may hold.
 */
export const insertSpill = `
  INSERT INTO @schema.activity_spill (origin, entry)
  SELECT $1::uuid, entry
  FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS given (entry, place)
  WHERE (SELECT coalesce(max(seq) - min(seq) + 1, 0) FROM @schema.activity_spill) + jsonb_array_length($2::jsonb) <= $3::bigint
  ORDER BY place`

/**
 * The oldest entries that one has appended. $1 who, $2 limit.
 */
export const selectOwnSpill = `
  SELECT seq::text AS seq, entry
  FROM @schema.activity_spill
  WHERE origin = $1::uuid
  ORDER BY seq
  LIMIT $2`

/**
 * The oldest entries that others have appended. $1 who is no other, $2 limit.
 */
export const selectForeignSpill = `
  SELECT seq::text AS seq, entry
  FROM @schema.activity_spill
  WHERE origin <> $1::uuid
  ORDER BY seq
  LIMIT $2`

/**
 * $1 seqs.
 */
export const deleteSpill = `
  DELETE FROM @schema.activity_spill
  WHERE seq = ANY ($1::bigint[])`
