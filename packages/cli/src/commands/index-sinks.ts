import { outbox } from '@headwater/core'
import type { SinkStatus } from '@headwater/core'
import { runbookUrl } from '../runbook.ts'
import type { Paint } from '../terminal/paint.ts'
import { counted, duration } from '../terminal/words.ts'
import { type Invocation, valueOf } from './command.ts'
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

/** The sinks of the search of the configuration; none where it does not return them. */
export async function indexSinksOf(invocation: Invocation): Promise<readonly IndexSink[]> {
  const { sinks = [] } = await serviceOf(invocation, 'search')
  if (sinks.length === 0) return []
  const { stores } = await invocation.open()
  const status = valueOf(await outbox(stores).status())
  return sinks.map(({ name }) => indexSinkOf(name, status.sinks))
}

function indexSinkOf(name: string, statuses: readonly SinkStatus[]): IndexSink {
  const found = statuses.find(({ sink }) => sink === name)
  if (found === undefined)
    return { sink: name, isServed: false, lagEvents: null, lagMs: 0, parked: 0, dead: 0 }
  const { owners, lagEvents, lagMs, parked, dead } = found
  const isServed = owners.some(({ isAlive }) => isAlive)
  return { sink: name, isServed, lagEvents, lagMs: Math.round(lagMs), parked, dead }
}

/** Why the index may differ although nothing is wrong with it, one line for each reason. */
export function reasonsToDiffer(sinks: readonly IndexSink[], paint: Paint): readonly string[] {
  return sinks.flatMap((one) => {
    const [what, cure, page] = reasonOf(one) ?? []
    if (what === undefined || cure === undefined || page === undefined) return []
    const hint = `Courses that changed since differ: ${cure}.`
    return [paint('doubtful', `The sink ${one.sink} ${what}. ${hint}`), paint('quiet', page)]
  })
}

type Reason = readonly [what: string, cure: string, page: string]

function reasonOf({ isServed, lagEvents, lagMs, parked, dead }: IndexSink): Reason | undefined {
  const lagging = runbookUrl('relay-lagging')
  const behind = `${counted(lagEvents ?? 0, 'event')} behind`
  if (lagEvents === null)
    return ['was never served by a relay', 'start one, which indexes them', lagging]
  if (!isServed) return [`has no relay and is ${behind}`, 'start one, which indexes them', lagging]
  if (lagEvents > 0)
    return [`is ${behind}, by ${duration(lagMs)}`, 'its relay indexes them', lagging]
  if (dead > 0)
    return [
      `gave up ${counted(dead, 'event')}`,
      'headwater outbox dead, then replay',
      runbookUrl('dead-letters'),
    ]
  return parked > 0
    ? [`retries ${counted(parked, 'event')}`, 'wait, or see headwater outbox status', lagging]
    : undefined
}
