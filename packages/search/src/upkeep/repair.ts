import { err, ok } from '@headwater/core'
import type { Result } from '@headwater/core'
import type { CourseIndexer } from '../indexing/course-indexer.ts'
import type { IndexError } from '../indexing/index-outcome.ts'
import { compareAll, failureOfComparison } from './differences.ts'
import type { ComparedDeps, IndexDifference } from './differences.ts'
import { isRefusalOfText } from '../embedders/embed-each.ts'

/** Options of `repair`. */
export interface RepairOptions {
  /**
   * Whether to write. Without it the report says what would be done.
   *
   * @defaultValue `false`
   */
  readonly apply?: boolean
  /**
   * How many differences are repaired at most, so that a mistake elsewhere is not paid for with a
   * whole catalogue.
   *
   * @defaultValue `1_000`
   */
  readonly limit?: number
  /**
   * The generation to repair, by name.
   *
   * @defaultValue the active one
   */
  readonly generation?: string
}

/** The defaults of {@link RepairOptions}. */
export const repairDefaults = { apply: false, limit: 1_000 } as const satisfies RepairOptions

/** What a repair did, or would do. */
export interface RepairReport {
  /** The generation that was repaired. */
  readonly generation: string
  /** Whether anything was written. */
  readonly isApplied: boolean
  /** What differs, up to the limit. */
  readonly differences: readonly IndexDifference[]
  /** Whether there is nothing beyond the limit. */
  readonly isComplete: boolean
  /** How many differences are no more. */
  readonly repaired: number
  /** Courses that cannot be indexed as they are, and why. */
  readonly failed: readonly { readonly courseId: number; readonly reason: string }[]
}

/** What repairing takes. */
export interface RepairDeps extends ComparedDeps {
  readonly indexer: CourseIndexer
}

/** As many as one batch of the sink has. */
const batchSize = 200

/**
 * Writes what {@link verifyIndex} finds, and nothing else; without `apply` it only says what that
 * is. Ends with the first failure of a store; what was repaired until then stays so.
 */
export async function repairIndex(
  deps: RepairDeps,
  options: RepairOptions = {},
): Promise<Result<RepairReport, IndexError>> {
  const { apply, limit } = { ...repairDefaults, ...options }
  const found = await differencesUpTo(deps, limit + 1)
  if (found.isErr()) return err(found.error)
  const differences = found.value.slice(0, limit)
  const report = {
    generation: deps.generation.name,
    isApplied: apply,
    differences,
    isComplete: found.value.length <= limit,
  }
  if (!apply) return ok({ ...report, repaired: 0, failed: [] })
  return (await repairDifferences(deps, differences)).map((failed) => ({
    ...report,
    repaired: differences.length - failed.length,
    failed,
  }))
}

async function differencesUpTo(
  deps: ComparedDeps,
  limit: number,
): Promise<Result<IndexDifference[], IndexError>> {
  const differences: IndexDifference[] = []
  try {
    for await (const page of compareAll(deps)) {
      differences.push(...page.differences)
      if (differences.length >= limit) break
    }
    return ok(differences.slice(0, limit))
  } catch (error) {
    return err(failureOfComparison(error))
  }
}

/**
 * Writes what PostgreSQL says of these courses, and removes records that are none. Returns the
 * courses that cannot be indexed as they are.
 */
export async function repairDifferences(
  { generation, indexer }: RepairDeps,
  differences: readonly IndexDifference[],
): Promise<Result<RepairReport['failed'], IndexError>> {
  const failed: { courseId: number; reason: string }[] = []
  for (let from = 0; from < differences.length; from += batchSize) {
    const batch = differences.slice(from, from + batchSize)
    const strangers = batch
      .filter(({ courseId }) => courseId === undefined)
      .map(({ recordId }) => recordId)
    const deleted =
      strangers.length === 0 ? ok(undefined) : await generation.index.delete(strangers)
    if (deleted.isErr()) return err(deleted.error)
    const ids = batch.flatMap(({ courseId }) => courseId ?? [])
    indexer.recheck(ids)
    for (const [courseId, outcome] of await indexer.sync(ids)) {
      if (outcome.isErr() && !isRefusalOfText(outcome.error)) return err(outcome.error)
      if (outcome.isErr()) failed.push({ courseId, reason: outcome.error.type })
    }
  }
  return ok(failed)
}
