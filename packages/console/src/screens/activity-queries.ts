/** The number of entries that wait for MongoDB; counted up to a million. */
export const selectSpilled = `
  SELECT count(*)::int AS spilled
  FROM (SELECT FROM @schema.activity_spill LIMIT 1000000) AS waiting`
