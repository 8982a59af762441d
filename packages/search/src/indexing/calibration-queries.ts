/** With more courses than these, as many again change little. */
const enough = 50_000

/**
 * The calibration of a generation, and whether there are twice as many courses as when it was
 * measured, more than a minute ago. $1 generation.
 */
export const selectCalibration = `
  SELECT kept.typical, kept.floor, kept.courses,
         kept.courses < ${enough} AND kept.measured_at < now() - interval '1 minute' AND (
           SELECT count(*)
           FROM (
             SELECT FROM @schema.courses WHERE is_published LIMIT 2 * kept.courses
           ) AS counted
         ) >= 2 * kept.courses AS is_outgrown
  FROM @schema.search_calibration AS kept
  WHERE kept.generation = $1`

/** Records a calibration. $1 generation, $2 typical, $3 floor, $4 courses. */
export const saveCalibration = `
  INSERT INTO @schema.search_calibration (generation, typical, floor, courses)
  VALUES ($1, $2, $3, $4)
  ON CONFLICT (generation) DO UPDATE
  SET typical = excluded.typical, floor = excluded.floor, courses = excluded.courses,
      measured_at = now()`

/** Forgets the calibration of a generation. $1 generation. */
export const deleteCalibration = 'DELETE FROM @schema.search_calibration WHERE generation = $1'

/** A row of {@link selectCalibration}. */
export interface CalibrationRow {
  readonly typical: number
  readonly floor: number
  readonly courses: number
  readonly is_outgrown: boolean
}
