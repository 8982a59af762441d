/** Every generation, the oldest first. */
export const selectGenerations = `
  SELECT name, model, dimensions, template, state, created_at, activated_at
  FROM @schema.search_generation
  ORDER BY created_at, name`

/**
 * Registers a generation. The first one is active at once, any other is being built. $1 name, $2
 * model, $3 dimensions, $4 template.
 */
export const insertGeneration = `
  INSERT INTO @schema.search_generation (name, model, dimensions, template, state, activated_at)
  SELECT $1, $2, $3, $4, state, CASE WHEN state = 'active' THEN now() END
  FROM (
    SELECT CASE
             WHEN EXISTS (SELECT FROM @schema.search_generation WHERE state = 'active')
             THEN 'building' ELSE 'active'
           END AS state
  ) AS initial
  ON CONFLICT DO NOTHING`

/**
 * Makes a generation the active one; the previous one becomes the standby. One statement, so that
 * exactly one generation is active at any time. $1 name.
 */
export const switchGeneration = `
  WITH former AS (
    UPDATE @schema.search_generation SET state = 'standby'
    WHERE state = 'active' AND name <> $1
      AND EXISTS (
        SELECT FROM @schema.search_generation
        WHERE name = $1 AND state IN ('building', 'standby')
      )
    RETURNING name
  )
  UPDATE @schema.search_generation
  SET state = 'active', activated_at = now()
  WHERE name = $1 AND state IN ('building', 'standby', 'active')
    AND (SELECT count(*) FROM former) >= 0`

/** Retires a generation that is not active: it is not written any more. $1 name. */
export const retireGeneration =
  "UPDATE @schema.search_generation SET state = 'retired' WHERE name = $1 AND state <> 'active'"

/** Deletes a retired generation, its statuses and its progress. $1 name. */
export const deleteGeneration = `
  WITH statuses AS (
    DELETE FROM @schema.search_status WHERE generation = $1
  ), progress AS (
    DELETE FROM @schema.search_reindex WHERE generation = $1
  )
  DELETE FROM @schema.search_generation WHERE name = $1 AND state = 'retired'`

/** A row of {@link selectGenerations}. */
export interface GenerationRow {
  readonly name: string
  readonly model: string
  readonly dimensions: number
  readonly template: string
  readonly state: 'building' | 'active' | 'standby' | 'retired'
  readonly created_at: Date | string
  readonly activated_at: Date | string | null
}
