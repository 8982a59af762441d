import {
  err,
  invalidField,
  isRowId,
  isStorable,
  maxRowId,
  ok,
  once,
  rowId,
  validate,
} from '@headwater/core'
import type { InvalidInput, Result } from '@headwater/core'
import * as z from 'zod/mini'

/** The subject of an event: the id of a user, or the negative pseudonym of a deleted one. */
export const subjectId = once(() =>
  z.int().check(
    z.maximum(maxRowId),
    z.refine((id) => id !== 0),
  ),
)

/** Checks one id, under the name `id`. */
export const idInput = once(() => z.strictObject({ id: rowId() }))

const mostIds = 10_000

const idsInput = once(() => z.strictObject({ ids: z.array(rowId()).check(z.maxLength(mostIds)) }))

/**
 * Checks a batch of ids, under the name `ids`, and copies it; without zod where all is well, since
 * every search and every list takes this path.
 */
export function checkIds(ids: readonly number[]): Result<readonly number[], InvalidInput> {
  const copy = copyOfIds(ids)
  return copy === undefined ? validate(idsInput(), { ids }).map((input) => input.ids) : ok(copy)
}

function copyOfIds(ids: unknown): readonly number[] | undefined {
  try {
    const copy: readonly unknown[] | undefined =
      Array.isArray(ids) && ids.length <= mostIds ? [...(ids as unknown[])] : undefined
    return copy?.every(isRowId) === true ? copy : undefined
  } catch {
    // A proxy may throw.
    return undefined
  }
}

/** Whether a value passes `storableText(maxLength)`; without zod, for hot paths. */
export function isText(value: unknown, maxLength: number): value is string {
  return (
    typeof value === 'string' && value.length <= maxLength && !isBlank(value) && isStorable(value)
  )
}

/** An e-mail address as browsers accept it; ASCII only. */
export const email = once(() => z.email({ pattern: z.regexes.html5Email }).check(z.maxLength(254)))

/** The version that a row must still have, where the caller names one. */
export const expectedVersion = once(() => z.optional(z.int().check(z.minimum(1))))

/** The number of rows on a page. */
export const pageLimit = once(() => z._default(z.int().check(z.minimum(1), z.maximum(200)), 20))

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
