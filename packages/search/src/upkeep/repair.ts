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
   * Whether to write. Otherwise the differences are only reported.
   *
   * @defaultValue `false`
   */
  readonly apply?: boolean
  /**
   * The most differences to repair: a mistake elsewhere must not cost the embedding of a whole
   * catalogue.
   *
   * @defaultValue `1_000`
   */
  readonly limit?: number
  /**
   * Name of the generation to repair.
   *
   * @defaultValue the active one
   */
  readonly generation?: string
  /** Called after every batch of differences. An error it throws ends the repair. */
  readonly onProgress?: (progress: RepairProgress) => void
  /** Ends the repair early, between two batches; the next call repairs what is left. */
  readonly signal?: AbortSignal
}

/** The progress of a repair. */
export interface RepairProgress {
  /** Differences done so far. */
  readonly done: number
  /** Differences to repair. */
  readonly total: number
}

/** The defaults of {@link RepairOptions}. */
export const repairDefaults = { apply: false, limit: 1_000 } as const satisfies RepairOptions

/** The result of a repair, or its plan. */
export interface RepairReport {
  /** The generation that was repaired. */
  readonly generation: string
  /** Whether anything was written. */
  readonly isApplied: boolean
  /** The differences, up to the limit. */
  readonly differences: readonly IndexDifference[]
  /** Whether these are all differences, and all of them were looked at. */
  readonly isComplete: boolean
  /** The number of differences that were repaired. */
  readonly repaired: number
  /** Courses that cannot be indexed as they are, with the reason. */
  readonly failed: readonly { readonly courseId: number; readonly reason: string }[]
}

/** Dependencies of a repair. */
export interface RepairDeps extends ComparedDeps {
  readonly indexer: CourseIndexer
}

/** The batch size of the sink. */
const batchSize = 200

/**
 * Repairs the differences that {@link verifyIndex} finds; without `apply` it only reports them.
 * Ends with the first failure of a store; earlier repairs stay.
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
  const repaired = await repairDifferences(deps, differences, options)
  return repaired.map(({ done, failed }) => ({
    ...report,
    isComplete: report.isComplete && done === differences.length,
    repaired: done - failed.length,
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

/** What became of differences: how many were looked at, and which cannot be repaired. */
type RepairedDifferences = Pick<RepairReport, 'failed'> & Pick<RepairProgress, 'done'>

/**
 * Writes the rows of these courses, and removes records that belong to no course. Returns the
 * courses that cannot be indexed as they are.
 */
export async function repairDifferences(
  { generation, indexer }: RepairDeps,
  differences: readonly IndexDifference[],
  { signal, onProgress }: Pick<RepairOptions, 'signal' | 'onProgress'> = {},
): Promise<Result<RepairedDifferences, IndexError>> {
  const failed: { courseId: number; reason: string }[] = []
  let done = 0
  while (done < differences.length && signal?.aborted !== true) {
    const batch = differences.slice(done, done + batchSize)
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
    done += batch.length
    onProgress?.({ done, total: differences.length })
  }
  return ok({ done, failed })
}
