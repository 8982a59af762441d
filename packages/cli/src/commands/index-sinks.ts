import { outbox } from '@headwater/core'
import type { SinkStatus } from '@headwater/core'
import { runbookUrl } from '../runbook.ts'
import type { Paint } from '../terminal/paint.ts'
import { counted, duration } from '../terminal/words.ts'
import type { Invocation } from './command.ts'
import { serviceOf } from './service-of.ts'

/** A sink that keeps the index in sync, as far as the outbox knows it. */
export interface IndexSink {
  readonly sink: string
  /** Whether a relay serves it. */
  readonly isServed: boolean
  /** Events that it has not passed; `null` when no relay has ever served it. */
  readonly lagEvents: number | null
  readonly lagMs: number
  /** Events that wait for another attempt or behind one. */
  readonly parked: number
  /** Events that it gave up. */
  readonly dead: number
}

/**
 * The sinks of the search of the configuration; none where it does not return them, or, which is
 * said, the outbox does not tell of them.
 */
export async function indexSinksOf(invocation: Invocation): Promise<readonly IndexSink[]> {
  const { sinks = [] } = await serviceOf(invocation, 'search')
  if (sinks.length === 0) return []
  const { stores } = await invocation.open()
  const status = await outbox(stores).status()
  if (status.isErr()) {
    invocation.terminal.err(`whether the sinks are behind is not known: ${status.error.message}\n`)
    return []
  }
  return sinks.map(({ name }) => indexSinkOf(name, status.value.sinks))
}

function indexSinkOf(name: string, statuses: readonly SinkStatus[]): IndexSink {
  const found = statuses.find(({ sink }) => sink === name)
  if (found === undefined)
    return { sink: name, isServed: false, lagEvents: null, lagMs: 0, parked: 0, dead: 0 }
  const { owners, lagEvents, lagMs, parked, dead } = found
  const isServed = owners.some(({ isAlive }) => isAlive)
  return { sink: name, isServed, lagEvents, lagMs: Math.round(lagMs), parked, dead }
}

/** Why the index may differ although nothing is wrong with it, two lines for each reason. */
export function reasonsToDiffer(sinks: readonly IndexSink[], paint: Paint): readonly string[] {
  return sinks.flatMap((one) =>
    reasonsOf(one).flatMap(([what, cure, page]) => {
      const hint = `Courses that changed since differ: ${cure}.`
      return [paint('doubtful', `The sink ${one.sink} ${what}. ${hint}`), paint('quiet', page)]
    }),
  )
}

/** A sink that is less behind is about to write what differs, in milliseconds. */
const lateMs = 60_000

type Reason = readonly [what: string, cure: string, page: string]

/** A sink may be behind and have given up events as well. */
function reasonsOf(sink: IndexSink): readonly Reason[] {
  const { dead, parked } = sink
  const late = lateness(sink)
  return [
    ...(late === undefined ? [] : [late]),
    ...(dead === 0
      ? []
      : [
          [
            `gave up ${counted(dead, 'event')}`,
            'headwater outbox dead, then replay',
            runbookUrl('dead-letters'),
          ] as const,
        ]),
    ...(parked === 0
      ? []
      : [
          [
            `has ${counted(parked, 'event')} waiting for another attempt`,
            'see headwater outbox status',
            runbookUrl('parked-growing'),
          ] as const,
        ]),
  ]
}

function lateness({ isServed, lagEvents, lagMs }: IndexSink): Reason | undefined {
  const page = runbookUrl('relay-lagging')
  const behind = `${counted(lagEvents ?? 0, 'event')} behind`
  const start = 'start one, which indexes them'
  if (lagEvents === null) return ['was never served by a relay', start, page]
  if (!isServed) return [`has no relay and is ${behind}`, start, page]
  return lagMs > lateMs
    ? [`is ${behind}, by ${duration(lagMs)}`, 'its relay indexes them', page]
    : undefined
}
