/** What was measured of each generation, the newest first. */
export const selectFloors = `
  SELECT generation, floor, typical, courses,
    (extract(epoch FROM measured_at) * 1000)::float8 AS "measuredAt"
  FROM @schema.search_calibration
  ORDER BY measured_at DESC
  LIMIT 20`
