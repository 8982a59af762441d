import { err, FailureError, ok } from '@headwater/core'
import type { Result } from '@headwater/core'
import type { IndexError } from '../indexing/index-outcome.ts'
import { compareAll, failureOfComparison } from './differences.ts'
import type { ComparedDeps, IndexDifference } from './differences.ts'
import { countPublished } from './reindex-queries.ts'

/** Options of `verify`. */
export interface VerifyOptions {
  /**
   * Name of the generation to compare.
   *
   * @defaultValue the active one
   */
  readonly generation?: string
  /**
   * The most differences to list; all are counted.
   *
   * @defaultValue `100`
   */
  readonly maxListed?: number
  /**
   * Called after every page. An error it throws ends the comparison. Costs 1 PostgreSQL round trip
   * and 1 request to the index more, for the total.
   */
  readonly onProgress?: (progress: VerifyProgress) => void
  /** Ends the comparison early, between two pages; the report covers the pages before. */
  readonly signal?: AbortSignal
}

/** The progress of a comparison: all courses come before all records. */
export interface VerifyProgress {
  /** Published courses compared so far. */
  readonly courses: number
  /** Records looked up so far. */
  readonly records: number
  /**
   * Courses and records to compare, about: counted at the start, never less than what is done. An
   * index that does not say how many it has is taken to have one for each course.
   */
  readonly total: number
}

/** The defaults of {@link VerifyOptions}. */
export const verifyDefaults = { maxListed: 100 } as const satisfies VerifyOptions

/** A comparison of the index with PostgreSQL. */
export interface VerifyReport {
  /** The generation that was compared. */
  readonly generation: string
  /** Whether everything was compared and nothing differs. */
  readonly isInSync: boolean
  /** Whether everything was compared. */
  readonly isComplete: boolean
  /** Published courses in PostgreSQL. */
  readonly courses: number
  /** Records in the index. */
  readonly records: number
  /** The share of published courses whose record is right, 0 to 1; 1 when there are none. */
  readonly coverage: number
  /** Published courses without a record. */
  readonly missing: number
  /** Records without a published course. */
  readonly orphaned: number
  /** Records with the vector of another text, or other metadata, than the course has now. */
  readonly stale: number
  /** Records of another generation. */
  readonly wrongGeneration: number
  /** The first differences, by course. */
  readonly differences: readonly IndexDifference[]
}

const noCounts = {
  courses: 0,
  records: 0,
  missing: 0,
  orphaned: 0,
  stale: 0,
  'wrong-generation': 0,
}

/** Compares PostgreSQL with the index itself; changes nothing. */
export async function verifyIndex(
  deps: ComparedDeps,
  options: VerifyOptions = {},
): Promise<Result<VerifyReport, IndexError>> {
  const { maxListed, signal, onProgress } = { ...verifyDefaults, ...options }
  const counts = { ...noCounts }
  const listed: IndexDifference[] = []
  let isComplete = true
  try {
    const expected = onProgress === undefined ? 0 : await countAll(deps)
    for await (const page of compareAll(deps)) {
      isComplete = signal?.aborted !== true
      if (!isComplete) break
      counts.courses += page.courses
      counts.records += page.records
      for (const { kind } of page.differences) counts[kind] += 1
      listed.push(...page.differences.slice(0, Math.max(0, maxListed - listed.length)))
      onProgress?.(progressOf(counts, expected))
    }
  } catch (error) {
    return err(failureOfComparison(error))
  }
  const { 'wrong-generation': wrongGeneration, ...rest } = counts
  const wrong = counts.missing + counts.stale + wrongGeneration
  return ok({
    generation: deps.generation.name,
    isInSync: isComplete && wrong === 0 && counts.orphaned === 0,
    isComplete,
    ...rest,
    wrongGeneration,
    coverage: counts.courses === 0 ? 1 : (counts.courses - wrong) / counts.courses,
    differences: listed,
  })
}

function progressOf(
  { courses, records }: Omit<VerifyProgress, 'total'>,
  expected: number,
): VerifyProgress {
  return { courses, records, total: Math.max(expected, courses + records) }
}

/**
 * The published courses and the records of the index together.
 *
 * @throws FailureError when PostgreSQL does not answer.
 */
async function countAll({ stores, generation }: ComparedDeps): Promise<number> {
  const [counted, stats] = await Promise.all([
    stores.postgres.query<{ count: number }>(countPublished, [0]),
    generation.index.stats(),
  ])
  if (counted.isErr()) throw new FailureError(counted.error)
  const courses = counted.value.rows[0]?.count ?? 0
  return courses + stats.map(({ recordCount }) => recordCount).unwrapOr(courses)
}
