/**
 * Those of some users who were registered at a moment; rows of later ones are given the ids of
 * others. $1 ids, $2 moment.
 */
export const selectUsersOf = `
  SELECT id
  FROM @schema.users
  WHERE id = ANY ($1::integer[]) AND created_at <= $2`
