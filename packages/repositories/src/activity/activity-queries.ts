/**
 * Appends entries in their order, unless that made the table hold more than `$3`. $1 who appends,
 * $2 entries as a JSON array, $3 how many entries the table may hold.
 */
export const insertSpill = `
  INSERT INTO @schema.activity_spill (origin, entry)
  SELECT $1::uuid, entry
  FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS given (entry, place)
  WHERE (SELECT coalesce(max(seq) - min(seq) + 1, 0) FROM @schema.activity_spill) + jsonb_array_length($2::jsonb) <= $3::bigint
  ORDER BY place`

/**
 * The oldest entries, by number and not by the text that numbers are read as, that one has
 * appended. $1 who, $2 limit.
 */
export const selectOwnSpill = `
  SELECT spill.seq::text AS seq, spill.entry
  FROM @schema.activity_spill AS spill
  WHERE spill.origin = $1::uuid
  ORDER BY spill.seq
  LIMIT $2`

/** The oldest entries, whoever has appended them. $1 limit. */
export const selectSpill = `
  SELECT spill.seq::text AS seq, spill.entry
  FROM @schema.activity_spill AS spill
  ORDER BY spill.seq
  LIMIT $1`

/** $1 seqs. */
export const deleteSpill = `
  DELETE FROM @schema.activity_spill
  WHERE seq = ANY ($1::bigint[])`
