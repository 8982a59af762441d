import { runbookUrl, storeRunbooks } from '../runbook.ts'
import { checkRunbooks } from './check-names.ts'
import type { Check, Examination } from './check.ts'

/** The examination with the page of each finding. */
export function withRunbooks(examination: Examination): Examination {
  const { subject, status, checks } = examination
  const isDown = status !== 'up' && subject !== 'process'
  const page = isDown ? { runbook: runbookUrl(storeRunbooks[subject]) } : {}
  return { ...examination, ...page, checks: checks.map(withRunbook) }
}

function withRunbook(check: Check): Check {
  const isFinding = check.status === 'warning' || check.status === 'failed'
  return isFinding ? { ...check, runbook: runbookUrl(checkRunbooks[check.name]) } : check
}
