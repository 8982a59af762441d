/** The largest id that PostgreSQL's `integer` holds. */
export const maxRowId = 2_147_483_647

/** Whether a value can be the id of a row. */
export function isRowId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= maxRowId
}
