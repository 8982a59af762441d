import type { SqlError } from '@headwater/core'

/** Of a right, a table, a function, a column, an object. */
const lastingCodes: readonly unknown[] = ['42501', '42P01', '42883', '42703', '42704']

/** Whether PostgreSQL refuses a statement whatever its values: rights or objects are missing. */
export function isRefusal(error: SqlError): boolean {
  return error.type === 'store-refused' && lastingCodes.includes(error.code)
}
