import { isMissingTable, type Stores, within } from '@headwater/core'
import type { HeadwaterServices } from '../config/config.ts'
import { count, counted, duration } from '../terminal/words.ts'
import type { Findings } from './check.ts'
import { selectSpill } from './postgres-queries.ts'

type Activity = NonNullable<HeadwaterServices['activity']>

/** What the check of the spill needs. */
export interface SpillCheckDeps {
  readonly stores: Stores
  /** The activity of the configuration, which knows how much there is room for. */
  readonly activity: () => Promise<Activity | undefined>
  /** Time that a statement has, in milliseconds. */
  readonly deadlineMs: number
}

/** A spill that is fuller than this is about to drop activity. */
const nearlyFull = 0.8

/** How much activity waits in PostgreSQL, and how full that is. */
export async function checkSpill(deps: SpillCheckDeps, findings: Findings): Promise<void> {
  const { stores, deadlineMs, activity } = deps
  const found = await stores.postgres.query<SpillRow>(selectSpill, [], { deadlineMs })
  if (found.isErr())
    return isMissingTable(found.error)
      ? undefined
      : findings.unanswered('activity-spill', found.error.message)
  const [row] = found.value.rows
  if (row === undefined) return findings.ok('activity-spill', 'no activity waits')
  const limit = await limitOf(activity, deadlineMs)
  const waits = `${counted(row.used, 'entry', 'entries')} of activity wait for MongoDB`
  const since = `since ${duration(row.oldest_ms)}`
  if (limit === undefined) return findings.warn('activity-spill', `${waits} ${since}`, fix)
  const share = Math.floor((100 * row.used) / limit)
  const message = `${waits} ${since}: ${share} % of the ${count(limit)} there is room for`
  if (row.used > nearlyFull * limit) findings.fail('activity-spill', message, fix)
  else findings.warn('activity-spill', message, fix)
}

interface SpillRow {
  readonly used: number
  readonly oldest_ms: number
}

const fix = 'bring MongoDB back: it is written then, without a command'

/** The host's own code may wait for MongoDB itself: it has this share of the time. */
const limitShare = 0.2

/** The host's own code may fail, or hang; then how full it is remains unsaid. Never rejects. */
async function limitOf(
  activity: SpillCheckDeps['activity'],
  deadlineMs: number,
): Promise<number | undefined> {
  const ms = limitShare * deadlineMs
  return within(askedLimit(activity, ms), ms, () => undefined)
}

async function askedLimit(
  activity: SpillCheckDeps['activity'],
  deadlineMs: number,
): Promise<number | undefined> {
  try {
    const backlog = await (await activity())?.backlog?.({ deadlineMs })
    return backlog?.map(({ maxSpilled }) => maxSpilled).unwrapOr(undefined)
  } catch {
    return undefined
  }
}
