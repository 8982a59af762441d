import { isStorable, maxRowId, rowId } from '@headwater/core'
import { z } from 'zod'

/**
 * Whom an event speaks of: the id of a user, or the negative number that stands for one who was
 * deleted.
 */
export const subjectId = z
  .int()
  .max(maxRowId)
  .refine((id) => id !== 0)

/** One id, under the name `id`. */
export const idInput = z.strictObject({ id: rowId })

/** A batch of ids, under the name `ids`. */
export const idsInput = z.strictObject({ ids: z.array(rowId).max(10_000) })

/** Whether a value is such a text: `storableText` by hand, for hot paths. */
export function isText(value: unknown, maxLength: number): value is string {
  return (
    typeof value === 'string' && value.length <= maxLength && !isBlank(value) && isStorable(value)
  )
}

/** An e-mail address. */
export const email = z.email().max(254)

/** The version that a row must still have. */
export const expectedVersion = z.int().min(1).optional()

/** How many rows a page has. */
export const pageLimit = z.int().min(1).max(200).default(20)

function isBlank(value: string): boolean {
  const first = value.charCodeAt(0)
  // Most texts begin with a visible character of ASCII.
  return !(first > 32 && first < 127) && !/\S/.test(value)
}
