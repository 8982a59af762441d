import type { CallOptions } from '../../../call-options.ts'
import type { InvalidInput } from '../../../errors.ts'
import { invalidField } from '../../../input.ts'
import { err, ok, type Result } from '../../../result.ts'
import { parsePosition, type Position } from './position.ts'

/**
 * How fresh the answer to a read must be, so that a replica may give it. With both, both hold; with
 * neither the primary answers.
 */
export interface Freshness {
  /**
   * A `stores.postgres.position()`: the read sees everything that was committed before the position
   * was asked for. One of a history that a failover has ended is void, and the primary answers.
   */
  readonly after?: string | undefined
  /**
   * The read sees everything that was committed so many milliseconds before it began, or earlier.
   * Below `replicaLookEveryMs` it is often the primary that answers; more than 600 times as long
   * counts as that.
   */
  readonly maxLagMs?: number | undefined
}

/** Options of `stores.postgres.read`. */
export interface FreshReadOptions extends CallOptions {
  /** How fresh the answer must be. */
  readonly freshness: Freshness
}

/** A freshness that was checked. */
export interface CheckedFreshness {
  readonly after: Position | undefined
  readonly maxLagMs: number | undefined
}

const names: readonly string[] = ['after', 'maxLagMs'] satisfies readonly (keyof Freshness)[]

/** Checks a freshness without zod, since every read takes this path. */
export function checkFreshness(freshness: unknown): Result<CheckedFreshness, InvalidInput> {
  if (typeof freshness !== 'object' || freshness === null)
    return err(invalidField('freshness', 'must be an object with after or maxLagMs'))
  const unknown = Object.keys(freshness).find((name) => !names.includes(name))
  if (unknown !== undefined)
    return err(invalidField(`freshness.${unknown}`, 'is not a known field'))
  const { after, maxLagMs } = freshness as Readonly<Record<string, unknown>>
  if (maxLagMs !== undefined && !isSpan(maxLagMs))
    return err(invalidField('freshness.maxLagMs', 'must be milliseconds, 0 or more'))
  if (after === undefined) return ok({ after, maxLagMs })
  return parsePosition(after, 'freshness.after').map((position) => ({ after: position, maxLagMs }))
}

function isSpan(value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}
