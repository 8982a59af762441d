import { findRefusal, isMissingTable, outbox, type SinkStatus, type Stores } from '@headwater/core'
import { count, counted, duration } from '../terminal/words.ts'
import type { Findings } from './check.ts'
import { selectPublished } from './postgres-queries.ts'

/** What the checks of the outbox need. */
export interface OutboxChecksDeps {
  readonly stores: Stores
  /** Time that a statement has, in milliseconds. */
  readonly deadlineMs: number
}

/** A sink that is further behind is said to be, in milliseconds. */
const lateMs = 60_000

/** Whether the outbox may be used, who serves each sink, and what they gave up. */
export async function checkOutbox(
  { stores, deadlineMs }: OutboxChecksDeps,
  findings: Findings,
): Promise<void> {
  const refusal = await findRefusal(stores)
  // Without the tables the check of the migrations says what is missing.
  if (refusal.isErr())
    return isMissingTable(refusal.error)
      ? undefined
      : findings.unanswered('outbox', refusal.error.message)
  if (refusal.value !== undefined) findings.fail('outbox', refusal.value.message, resetFix)
  const status = await outbox(stores).status()
  if (status.isErr()) return findings.unanswered('relay', status.error.message)
  const { sinks } = status.value
  if (sinks.length > 1 && !sinks.some(isServed)) return nobodyServes(sinks, findings)
  for (const sink of sinks) checkSink(sink, findings)
  if (sinks.length > 0) return
  const published = await stores.postgres.query<{ isPublished: boolean }>(selectPublished, [], {
    deadlineMs,
  })
  if (published.isErr()) return findings.unanswered('relay', published.error.message)
  if (published.value.rows[0]?.isPublished === true)
    findings.fail('relay', 'events were published, and no relay has ever run', relayFix)
  else findings.ok('relay', 'nothing was published yet')
}

/** Only the operator knows what happened: the wrong cure loses events, or repeats them. */
const resetFix =
  'after the restore of a backup headwater resync; after pg_upgrade headwater outbox reset --history continued'

const relayFix = 'start a process with createRelay(stores, { sinks }).start()'

function isServed({ owners }: SinkStatus): boolean {
  return owners.some(({ isAlive }) => isAlive)
}

/** One cause, not a finding for each of its consequences. */
function nobodyServes(sinks: readonly SinkStatus[], findings: Findings): void {
  const most = Math.max(...sinks.map(({ lagEvents }) => lagEvents))
  const behind = `at most ${counted(most, 'event')} behind`
  const names = sinks.map(({ sink }) => sink).join(', ')
  findings.fail('relay', `no relay runs: none serves ${names}, ${behind}`, relayFix)
  for (const status of sinks) checkDead(status, findings)
}

function checkSink(status: SinkStatus, findings: Findings): void {
  const { sink, unowned, lagEvents, lagMs } = status
  const behind = `${counted(lagEvents, 'event')} behind`
  if (!isServed(status))
    findings.fail(
      'relay',
      `no relay serves the sink ${sink}, which is ${behind}`,
      `${relayFix}, or headwater outbox remove-sink ${sink} if it is gone for good`,
    )
  else if (unowned > 0)
    findings.warn('relay', `nobody serves ${counted(unowned, 'shard')} of ${sink}`, relayFix)
  else if (lagEvents > 0 && lagMs > lateMs)
    findings.warn('relay', `${sink} is ${behind}, by ${duration(lagMs)}`, 'headwater outbox watch')
  else findings.ok('relay', `${sink} is served, ${behind}`)
  checkDead(status, findings)
}

function checkDead({ sink, dead, parked }: SinkStatus, findings: Findings): void {
  if (dead > 0)
    findings.warn(
      'dead-letters',
      `${sink} gave up ${counted(dead, 'event')}; ${count(parked)} wait behind them or for another attempt`,
      'headwater outbox dead, then replay or discard',
    )
}
