/**
 * Appends entries in their order, or none when the table would then hold more than $3. $1 process,
 * $2 entries as a JSON array, $3 entries that the table may hold.
 */
export const insertSpill = `
  INSERT INTO @schema.activity_spill (origin, entry)
  SELECT $1::uuid, entry
  FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS given (entry, position)
  WHERE
    (SELECT coalesce(max(seq) - min(seq) + 1, 0) FROM @schema.activity_spill)
    + jsonb_array_length($2::jsonb) <= $3::bigint
  ORDER BY position`

/** The oldest entries of one process. $1 process, $2 limit. */
export const selectOwnSpill = `
  SELECT spill.seq::text AS seq, spill.entry
  FROM @schema.activity_spill AS spill
  WHERE spill.origin = $1::uuid
  ORDER BY spill.seq
  LIMIT $2`

/** The oldest entries of all processes. $1 limit. */
export const selectSpill = `
  SELECT spill.seq::text AS seq, spill.entry
  FROM @schema.activity_spill AS spill
  ORDER BY spill.seq
  LIMIT $1`

/**
 * About how many entries there are, and the age of the oldest. Ordered by the column of the table,
 * which has an index: a bare `seq` would be that of the output.
 */
export const selectBacklog = `
  SELECT newest.seq - oldest.seq + 1 AS spilled,
    greatest(0, extract(epoch FROM clock_timestamp() - oldest.spilled_at) * 1000)::float8
      AS oldest_ms
  FROM (
    SELECT seq::float8, spilled_at FROM @schema.activity_spill ORDER BY activity_spill.seq LIMIT 1
  ) AS oldest
  CROSS JOIN (
    SELECT seq::float8 FROM @schema.activity_spill ORDER BY activity_spill.seq DESC LIMIT 1
  ) AS newest`

/** Deletes entries. $1 their seqs. */
export const deleteSpill = `
  DELETE FROM @schema.activity_spill
  WHERE seq = ANY ($1::bigint[])`

/** What waits in the table. */
export const selectSpillStatus = `
  SELECT
    count(*)::int AS entries,
    coalesce(max(spill.seq) - min(spill.seq) + 1, 0)::float8 AS used,
    min(spill.spilled_at) AS oldest_at,
    pg_total_relation_size('@schema.activity_spill'::regclass)::float8 AS bytes
  FROM @schema.activity_spill AS spill`
