import { duration } from '../terminal/words.ts'
import type { Check, Examination } from './check.ts'

/** What else happened while stores were asked. */
export interface Circumstances {
  /** Time that each store had, in milliseconds. */
  readonly deadlineMs: number
  /** For how long of it this process stood still, in milliseconds. */
  readonly stalledMs: number
}

const again = 'the machine is busy; --deadline 5 looks longer'
/** A process that stood still for this share of the time may have missed an answer. */
const stalledShare = 0.5
/** Where the fastest of all stores took this share of the time, everything is slow. */
const slowShare = 0.25
/** One store that is slow says nothing of the machine. */
const enoughAnswers = 2

/**
 * The examinations, those with definite causes first. A store that was silent is down; where this
 * process was slow meanwhile, or all of two or more that answered were, that is doubtful, and it is
 * only slow.
 */
export function judge(
  examinations: readonly Examination[],
  circumstances: Circumstances,
): readonly Examination[] {
  const doubt = doubtOf(examinations, circumstances)
  return examinations
    .map((one) => (doubt === undefined ? one : doubted(one, doubt)))
    .map((one) => ({ ...one, checks: one.checks.toSorted((a, b) => rankOf(a) - rankOf(b)) }))
    .toSorted((one, other) => urgencyOf(one) - urgencyOf(other))
}

function doubtOf(
  examinations: readonly Examination[],
  { deadlineMs, stalledMs }: Circumstances,
): string | undefined {
  if (stalledMs > stalledShare * deadlineMs)
    return `this process itself stood still for ${duration(stalledMs)} of it: ${again}`
  const answers = examinations.flatMap(({ latencyMs }) => latencyMs ?? [])
  const fastestMs = Math.min(...answers)
  const isSlow = answers.length >= enoughAnswers && fastestMs > slowShare * deadlineMs
  return isSlow ? `the fastest of all took ${duration(fastestMs)}: ${again}` : undefined
}

function doubted(examination: Examination, doubt: string): Examination {
  const { status, isSilent, error, checks } = examination
  const isSlow = status === 'down' && isSilent === true
  return {
    ...examination,
    ...(isSlow ? { status: 'slow', error: `${error ?? 'no answer'}, but ${doubt}` } : {}),
    checks: checks.map((check) =>
      check.name === 'answers' && check.status === 'failed'
        ? { ...check, status: 'warning', isDoubtful: true, message: `${check.message}; ${doubt}` }
        : check,
    ),
  }
}

const ranks = { failed: 0, warning: 1, unknown: 3, ok: 4 } as const satisfies Record<
  Check['status'],
  number
>
const doubtfulRank = 2

function rankOf({ status, isDoubtful }: Check): number {
  return isDoubtful === true ? doubtfulRank : ranks[status]
}

function urgencyOf({ status, checks }: Examination): number {
  if (status === 'down') return ranks.failed
  return Math.min(status === 'slow' ? doubtfulRank : ranks.ok, ...checks.map(rankOf))
}
