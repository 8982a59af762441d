import { normalise } from '../../typed/normalise.ts'
import type { FusedCourse, Ranking } from '../fusion/fuse.ts'

/** Courses that a host wants first for one query. */
export interface Pin {
  /** The query, in any case and spacing. */
  readonly query: string
  /** The courses, first to last; 1 to 20. */
  readonly courseIds: readonly number[]
}

/** The most courses of one pin. */
export const maxPinned = 20

/** The pinned courses of each normalised query. */
export type Pins = ReadonlyMap<string, readonly number[]>

/** @throws what `complain` returns for the first rule that is broken. */
export function pinsOf(
  pins: readonly Pin[],
  complain: (option: string, rule: string, value: unknown) => Error,
): Pins {
  const found = new Map<string, readonly number[]>()
  for (const [index, { query, courseIds }] of pins.entries()) {
    const text = normalise(query)
    if (!/[\p{L}\p{N}]/u.test(text))
      throw complain(`pins[${index}].query`, 'expected a letter or a digit', query)
    if (found.has(text))
      throw complain(`pins[${index}].query`, 'expected a query that no other pin has', query)
    if (new Set(courseIds).size < courseIds.length)
      throw complain(`pins[${index}].courseIds`, 'expected each course once', courseIds)
    found.set(text, courseIds)
  }
  return found
}

/** The pinned courses of a query; similar courses have none. */
export function pinnedFor(
  pins: Pins,
  { query, like }: { readonly query: string; readonly like?: number },
): readonly number[] {
  return like === undefined ? (pins.get(query) ?? []) : []
}

/** A ranking with these courses first, each once. */
export function pinnedFirst(found: Ranking, pinned: readonly number[]): Ranking {
  if (pinned.length === 0) return found
  const others = new Map(found.slice(0, found.length).map((course) => [course.id, course]))
  const first = pinned.map((id): FusedCourse => others.get(id) ?? { id, score: 0, legs: {} })
  for (const id of pinned) others.delete(id)
  return [...first, ...others.values()]
}
