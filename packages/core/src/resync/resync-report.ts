import type { Failure, StoreName } from '../errors.ts'
import type { ResyncFinding } from './resyncable.ts'

/** What became of one part. */
export interface ResyncPartReport {
  /** Its name. */
  readonly part: string
  /** The store that it is about. */
  readonly store: StoreName
  /** What it found; nothing when it failed. */
  readonly findings: readonly ResyncFinding[]
  /** Why it did not get to its end. */
  readonly failure?: Failure<string>
}

/** What was done, or would be. */
export interface ResyncReport {
  /** Whether anything was changed. */
  readonly isApplied: boolean
  /** One report per part, in the order of the work. */
  readonly parts: readonly ResyncPartReport[]
}

/**
 * Some parts failed. The others are done. Where it is `retryable`, the same call, made again, may
 * do the rest; otherwise the failures of the parts say what stands in the way.
 */
export interface ResyncIncomplete extends Failure<'resync-incomplete'> {
  /** What was done all the same, and what failed. */
  readonly report: ResyncReport
}

export function incomplete(report: ResyncReport): ResyncIncomplete {
  const failed = report.parts.flatMap(({ part, failure }) =>
    failure === undefined ? [] : [{ part, failure }],
  )
  const retryable = failed.some(({ failure }) => failure.retryable)
  const reasons = failed.map(({ part, failure }) => `${part} (${failure.type})`).join(', ')
  return {
    type: 'resync-incomplete',
    retryable,
    message: retryable
      ? `these parts failed, make the call again: ${reasons}`
      : `these parts failed, and will again: ${reasons}`,
    report,
  }
}
