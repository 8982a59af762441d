/**
 * Stores records; each replaces the one with the same id. $1 namespace, $2 distinct ids, $3 vectors
 * and $4 metadata as JSON.
 */
export const upsertVectors = `
  INSERT INTO @schema.search_vector AS stored (namespace, id, embedding, metadata)
  SELECT $1, record.id, record.embedding::vector, record.metadata::jsonb
  FROM unnest($2::text[], $3::text[], $4::text[]) AS record (id, embedding, metadata)
  ORDER BY record.id COLLATE "C"
  ON CONFLICT (namespace, id) DO UPDATE
  SET embedding = excluded.embedding, metadata = excluded.metadata`

/** The records nearest to a vector. $1 namespace, $2 vector, $3 limit, then the filter's values. */
export function selectNearest(filter: string): string {
  return `
  SELECT id, 1 - (embedding <=> $2::vector) AS score, metadata
  FROM @schema.search_vector
  WHERE namespace = $1 AND (${filter})
  ORDER BY embedding <=> $2::vector, id
  LIMIT $3`
}

/** Records by their ids. $1 namespace, $2 ids. */
export const selectVectors = `
  SELECT id, embedding::text AS embedding, metadata
  FROM @schema.search_vector
  WHERE namespace = $1 AND id = ANY($2::text[])`

/** Sets keys of one record's metadata. $1 namespace, $2 id, $3 keys and values as JSON. */
export const updateVector = `
  UPDATE @schema.search_vector
  SET metadata = metadata || $3::jsonb
  WHERE namespace = $1 AND id = $2`

/** Removes records. $1 namespace, $2 ids. */
export const deleteVectors =
  'DELETE FROM @schema.search_vector WHERE namespace = $1 AND id = ANY($2::text[])'

/** Ids in ascending order. $1 namespace, $2 prefix, $3 the last id before them, $4 limit. */
export const listVectors = `
  SELECT id
  FROM @schema.search_vector
  WHERE namespace = $1 AND starts_with(id, $2) AND id > $3
  ORDER BY id
  LIMIT $4`

/** The number of records. $1 namespace. */
export const countVectors =
  'SELECT count(*)::integer AS count FROM @schema.search_vector WHERE namespace = $1'

/** The dimensions of the vectors in a namespace; no row where it is empty. $1 namespace. */
export const selectDimensions = `
  SELECT vector_dims(embedding) AS dimensions
  FROM @schema.search_vector
  WHERE namespace = $1
  LIMIT 1`
