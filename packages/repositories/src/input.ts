import { err, invalidField, isStorable, maxRowId, ok, rowId } from '@headwater/core'
import type { InvalidInput, Result } from '@headwater/core'
import * as z from 'zod'

/** The subject of an event: the id of a user, or the negative pseudonym of a deleted one. */
export const subjectId = z
  .int()
  .max(maxRowId)
  .refine((id) => id !== 0)

/** Checks one id, under the name `id`. */
export const idInput = z.strictObject({ id: rowId })

/** Checks a batch of ids, under the name `ids`. */
export const idsInput = z.strictObject({ ids: z.array(rowId).max(10_000) })

/** Whether a value passes `storableText(maxLength)`; without zod, for hot paths. */
export function isText(value: unknown, maxLength: number): value is string {
  return (
    typeof value === 'string' && value.length <= maxLength && !isBlank(value) && isStorable(value)
  )
}

/** An e-mail address as browsers accept it; ASCII only. */
export const email = z.email({ pattern: z.regexes.html5Email }).max(254)

/** The version that a row must still have, where the caller names one. */
export const expectedVersion = z.int().min(1).optional()

/** The number of rows on a page. */
export const pageLimit = z.int().min(1).max(200).default(20)

/** Names of the fields that changes set. */
export function changedFields(changes: Changes): string[] {
  return Object.entries(changes).flatMap(([field, value]) =>
    field === 'expectedVersion' || value === undefined ? [] : [field],
  )
}

/** Refuses changes that set no field. */
export function someChange<C extends Changes>(changes: C): Result<C, InvalidInput> {
  return changedFields(changes).length > 0
    ? ok(changes)
    : err(invalidField('changes', 'must change at least one field'))
}

interface Changes {
  readonly expectedVersion?: number | undefined
}

function isBlank(value: string): boolean {
  const first = value.charCodeAt(0)
  // Most texts begin with a visible ASCII character, which spares the search.
  return !(first > 32 && first < 127) && !/\S/.test(value)
}
