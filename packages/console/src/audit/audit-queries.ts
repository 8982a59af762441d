/** Notes that an action begins. $1 operator, $2 action, $3 subject. */
export const insertAction = `
  INSERT INTO @schema.console_audit (operator, action, subject)
  VALUES ($1, $2, $3)
  RETURNING id::text`

/** Notes how an action ended. $1 id, $2 outcome. */
export const updateOutcome = `
  UPDATE @schema.console_audit
  SET outcome = $2
  WHERE id = $1 AND outcome IS NULL`

/** The newest actions. $1 at most. */
export const selectActions = `
  SELECT id::text, at, operator, action, subject, outcome
  FROM @schema.console_audit
  ORDER BY console_audit.id DESC
  LIMIT $1`
