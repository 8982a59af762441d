import { outbox } from '@headwater/core'
import { counted } from '../terminal/words.ts'
import { type Command, CommandFailed, plan, valueOf } from './command.ts'
import { UsageError } from './usage-error.ts'

/** `headwater outbox remove-sink` */
export const removeSink: Command = async ({ open, args, options }) => {
  const { stores } = await open()
  const [name] = args as readonly [string]
  const { sinks } = valueOf(await outbox(stores).status())
  const found = sinks.find(({ sink }) => sink === name)
  if (found === undefined) throw absent(name, sinks)
  const { lagEvents, parked, dead, owners } = found
  const running = owners.flatMap(({ owner, isAlive }) => (isAlive ? [owner] : []))
  const data = { sink: name, lagEvents, parked, dead, running }
  if (options['yes'] !== true) return plan(data, () => removalPlan(data))
  if (running.length > 0)
    throw new UsageError(
      `relays serve ${name}, and would begin it anew: stop ${running.join(', ')} first`,
    )
  if (!valueOf(await outbox(stores).removeSink(name))) throw absent(name, [])
  return {
    data: { ...data, isApplied: true },
    text: (paint) => paint('good', `The sink ${name} was removed.`),
  }
}

interface Removal {
  readonly sink: string
  readonly lagEvents: number
  readonly parked: number
  readonly dead: number
  readonly running: readonly string[]
}

function removalPlan({ sink, lagEvents, parked, dead, running }: Removal): string {
  const waiting = `${counted(lagEvents, 'event')} that it has not passed`
  const failed = `${parked} that wait and ${dead} that it gave up`
  return [
    `Would remove the sink ${sink}: ${waiting}, ${failed} are never delivered to it.`,
    'A relay that has it afterwards begins it anew.',
    running.length === 0 ? 'No relay serves it.' : `Served by ${running.join(', ')}: stop first.`,
  ].join('\n')
}

function absent(name: string, sinks: readonly { readonly sink: string }[]): CommandFailed {
  const others = sinks.map(({ sink }) => sink).join(', ')
  const hint = others === '' ? '' : `: there are ${others}`
  const message = `the outbox has no sink ${name}${hint}`
  return new CommandFailed({ type: 'not-found', message, retryable: false })
}
