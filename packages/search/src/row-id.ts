/** The largest `integer` of PostgreSQL. */
export const maxRowId = 2_147_483_647

/** Whether a number can be the id of a row. */
export function isRowId(id: number): boolean {
  return Number.isInteger(id) && id >= 1 && id <= maxRowId
}
