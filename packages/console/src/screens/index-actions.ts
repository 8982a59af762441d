import * as z from 'zod/mini'
import { once } from '@headwater/core'
import type { RepairReport, VerifyReport } from '@headwater/search'
import { action, count, oneAtATime, type Action, type Deed } from '../action.ts'
import type { ConsoleOptions } from '../console-options.ts'
import type { IndexDrift, RepairPlan } from '../contract/search-screen.ts'
import { driftedRecords } from './drifted-records.ts'

type Index = NonNullable<ConsoleOptions['search']>['index']

/** Time for a comparison of the whole index; what it saw by then is shown. */
const verifyMs = 30_000
const mostRepaired = 1_000
const shownOfPlan = 100

const nothing = once(() => z.strictObject({}))
const planned = once(() =>
  z.strictObject({
    atMost: z.optional(z.int().check(z.minimum(1), z.maximum(mostRepaired))),
  }),
)

/** Compares the index with PostgreSQL, plans and makes repairs, and measures it anew. */
export function indexActions(index: Index): Readonly<Record<string, Action>> {
  const verify = oneAtATime(() =>
    index.verify({ signal: AbortSignal.timeout(verifyMs) }).map(verified),
  )
  const plan = oneAtATime(() => index.repair({ limit: mostRepaired }).map(plannedRepair))
  const measure = oneAtATime(() =>
    index.calibrate().map(({ floor, courses }) => ({
      outcome: `measured a floor of ${floor.toFixed(3)} over ${count(courses, 'course')}`,
    })),
  )
  let limit = mostRepaired
  const repair = oneAtATime(() => index.repair({ apply: true, limit }).map(repaired))
  return {
    'search/verify': action(nothing(), verify),
    'search/plan': action(nothing(), plan),
    'search/repair': action(planned(), ({ atMost = mostRepaired }) => {
      limit = atMost
      return repair()
    }),
    'search/calibrate': action(nothing(), measure),
  }
}

function verified({ generation: _, isInSync, ...report }: VerifyReport): Deed {
  const differences = report.missing + report.orphaned + report.stale + report.wrongGeneration
  const data: IndexDrift = { ...report, differences: driftedRecords(report.differences) }
  const seen = report.isComplete ? '' : ' before its time was up'
  const outcome = isInSync
    ? 'found the index in sync'
    : `found ${count(differences, 'difference')}${seen}`
  return { outcome, data }
}

function plannedRepair({ differences, isComplete }: RepairReport): Deed {
  const removals = differences.filter(({ kind }) => kind === 'orphaned').length
  const writes = differences.length - removals
  const data: RepairPlan = {
    writes,
    removals,
    isComplete,
    differences: driftedRecords(differences.slice(0, shownOfPlan)),
  }
  const outcome = `planned to write ${count(writes, 'record')} and remove ${removals}`
  return { outcome, data }
}

function repaired({ repaired: number, failed, isComplete }: RepairReport): Deed {
  const bad = failed.length === 0 ? '' : `, could not repair ${count(failed.length, 'course')}`
  const more = isComplete ? '' : '; more differ'
  return { outcome: `repaired ${count(number, 'record')}${bad}${more}` }
}
