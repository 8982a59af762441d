import { rebuild, resync } from '@headwater/core'
import type { RebuildOptions, ResyncIncomplete, ResyncReport, Result } from '@headwater/core'
import type { Paint } from '../terminal/paint.ts'
import { table } from '../terminal/table.ts'
import { count } from '../terminal/words.ts'
import { type Command, type Outcome, plan } from './command.ts'
import { serviceOf } from './service-of.ts'

/** `headwater resync` */
export const resynchronisation: Command = async (invocation) => {
  const { open, options } = invocation
  // Without the parts of the application it would leave the lost future in some of the stores.
  const parts = await serviceOf(invocation, 'resyncables')
  const { stores, services } = await open()
  const { restoredTo, openedAt, margin, yes } = options as {
    readonly restoredTo: Date
    readonly openedAt: Date
    readonly margin?: number
    readonly yes?: boolean
  }
  const report = await resync(stores, {
    ...{ restoredTo, openedAt, parts, apply: yes === true },
    ...(margin === undefined ? {} : { marginMs: margin }),
    sinks: (await services()).sinks ?? [],
  })
  return outcomeOf(report)
}

/** `headwater rebuild` */
export const rebuilding: Command = async (invocation) => {
  const parts = await serviceOf(invocation, 'resyncables')
  const { stores } = await invocation.open()
  const [store] = invocation.args as readonly [RebuildOptions['store']]
  const apply = invocation.options['yes'] === true
  return outcomeOf(await rebuild(stores, { store, parts, apply }))
}

function outcomeOf(result: Result<ResyncReport, ResyncIncomplete>): Outcome {
  const report = result.isOk() ? result.value : result.error.report
  const text = (paint: Paint): string => reportText(report, paint)
  if (result.isErr()) {
    const { type, message } = result.error
    return {
      data: { ...report, error: { type, message } },
      text: (paint) => `${text(paint)}\n${paint('bad', message)}`,
      isFinding: true,
    }
  }
  return report.isApplied ? { data: report, text } : plan(report, text)
}

function reportText({ parts }: ResyncReport, paint: Paint): string {
  const rows = parts.flatMap(({ part, store, findings, failure }) => [
    ...findings.map(({ what, count: number, outcome }) => [
      part,
      store,
      number === undefined ? '' : count(number),
      outcome,
      what,
    ]),
    ...(failure === undefined ? [] : [[part, store, '', paint('bad', 'failed'), failure.message]]),
  ])
  return table(paint, ['part', 'store', 'number', 'outcome', 'what'], rows)
}
