import { setTimeout as after } from 'node:timers/promises'
import { findRefusal, outbox } from '@headwater/core'
import type { OutboxStatus, SinkStatus, SnapshotHolder, Stores } from '@headwater/core'
import type { Paint } from '../terminal/paint.ts'
import { table } from '../terminal/table.ts'
import { bytes, counted, duration } from '../terminal/words.ts'
import { type Command, type Outcome, plan, valueOf } from './command.ts'
import { UsageError } from './usage-error.ts'

/** `headwater outbox status` */
export const status: Command = async ({ open }) => statusOf((await open()).stores)

/** `headwater outbox watch` */
export const watch: Command = async ({ open, options, terminal, print, isJson }) => {
  const { stores } = await open()
  const { every, times = Infinity } = options as { every: number; times?: number }
  const signal = terminal.interrupted()
  for (let left = times; left > 0 && !signal.aborted; left -= 1) {
    const found = await outbox(stores).status()
    // A watch outlasts a failover; its last look tells of it.
    if (found.isErr() && found.error.retryable && left > 1) terminal.err(`${found.error.message}\n`)
    else {
      const outcome = outcomeOf(valueOf(found))
      if (terminal.isOutTty && !isJson) terminal.out('\x1b[H\x1b[2J')
      print(outcome)
    }
    if (left > 1) await after(every, undefined, { signal }).catch(() => undefined)
  }
  return undefined
}

/** `headwater outbox reset` */
export const reset: Command = async ({ open, options }) => {
  const { stores } = await open()
  const { history, yes } = options as { history: 'restored' | 'continued'; yes?: boolean }
  const refusal = valueOf(await findRefusal(stores))
  const { sinks } = valueOf(await outbox(stores).status())
  const owners = sinks.flatMap((sink) => sink.owners.filter(({ isAlive }) => isAlive))
  const running = [...new Set(owners.map(({ owner }) => owner))]
  const data = { history, refusal: refusal?.message ?? null, running, sinks: sinks.length }
  if (yes !== true) return plan(data, () => resetPlan(data))
  if (history === 'restored' && running.length > 0)
    throw new UsageError(`relays are running: stop ${running.join(', ')} first`)
  valueOf(await outbox(stores).reset({ history }))
  return {
    data: { ...data, isApplied: true },
    text: (paint) => paint('good', 'The outbox was reset.'),
  }
}

interface ResetPlan {
  readonly history: 'restored' | 'continued'
  readonly refusal: string | null
  readonly running: readonly string[]
  readonly sinks: number
}

function resetPlan({ history, refusal, running, sinks }: ResetPlan): string {
  const why = refusal ?? 'The transaction ids of the outbox belong to this server.'
  const what =
    history === 'restored'
      ? `Would deliver again to ${counted(sinks, 'sink')} what not all have taken; locks the outbox.`
      : 'Would note this server as the one that continues; nothing is delivered again.'
  const who = running.length === 0 ? 'No relay is running.' : `Running: ${running.join(', ')}.`
  return [why, what, who].join('\n')
}

async function statusOf(stores: Stores): Promise<Outcome> {
  return outcomeOf(valueOf(await outbox(stores).status()))
}

function outcomeOf(found: OutboxStatus): Outcome {
  return { data: found, text: (paint) => textOf(found, paint) }
}

const headings = ['sink', 'behind', 'by', 'parked', 'dead', 'unowned', 'relays']

function textOf(status: OutboxStatus, paint: Paint): string {
  const { sinks, logBytes, tickAgeMs, oldestSnapshot } = status
  const rows = sinks.map((sink) => [
    sink.sink,
    sink.lagEvents,
    sink.lagEvents === 0 ? '' : duration(sink.lagMs),
    sink.parked,
    sink.dead === 0 ? '0' : paint('bad', String(sink.dead)),
    sink.unowned === 0 ? '0' : paint('doubtful', String(sink.unowned)),
    relaysOf(sink),
  ])
  // One that has read everything moves on with the next tick.
  const holder = sinks
    .filter(({ holdsPurge, lagEvents }) => holdsPurge && lagEvents > 0)
    .map(({ sink }) => sink)
  return [
    rows.length === 0 ? 'No sink has ever been served.' : table(paint, headings, rows),
    paint('quiet', `log ${bytes(logBytes)}, newest tick ${duration(tickAgeMs)} old`),
    ...(holder.length === 0 ? [] : [`The purge waits for ${holder.join(', ')}.`]),
    ...(oldestSnapshot === undefined ? [] : snapshotLines(oldestSnapshot)),
  ].join('\n')
}

/** A snapshot that is younger holds nothing up. */
const oldMs = 60_000

function snapshotLines({ pid, application, openMs }: SnapshotHolder): readonly string[] {
  const holder = `session ${pid}${application === '' ? '' : ` (${application})`}`
  return openMs < oldMs ? [] : [`A snapshot is held since ${duration(openMs)} by ${holder}.`]
}

function relaysOf({ owners }: SinkStatus): string {
  const alive = owners.filter(({ isAlive }) => isAlive)
  return alive.length === 0 ? 'none' : alive.map(({ owner }) => owner).join(', ')
}
