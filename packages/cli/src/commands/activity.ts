import type { SpillStatus } from '@headwater/repositories'
import { Progress } from '../terminal/progress.ts'
import { bytes, count, counted, moment } from '../terminal/words.ts'
import { pairs } from '../terminal/table.ts'
import { type Command, CommandFailed, type Invocation, valueOf } from './command.ts'
import { serviceOf } from './service-of.ts'

/** `headwater activity spill` */
export const spill: Command = async (invocation) => {
  const activity = await serviceOf(invocation, 'activity')
  const before = valueOf(await activity.spilled())
  if (invocation.options['drain'] === true && before.entries > 0)
    return drain(invocation, activity, before)
  return { data: before, text: (paint) => pairs(paint, factsOf(before)) }
}

function factsOf({ entries, used, limit, oldestAt, bytes: size }: SpillStatus) {
  const share = Math.round((100 * used) / limit)
  return [
    ['waiting', counted(entries, 'entry', 'entries')],
    ['in use', `${count(used)} of ${count(limit)} (${share} %)`],
    ['oldest', oldestAt === undefined ? 'none' : moment(oldestAt)],
    ['size', bytes(size)],
  ] as const
}

type Activity = Awaited<ReturnType<typeof serviceOf<'activity'>>>

/** Each flush brings a batch back; what one leaves, the next one continues. */
async function drain(
  { terminal }: Invocation,
  activity: Activity,
  { entries: total }: SpillStatus,
) {
  const signal = terminal.interrupted()
  const progress = new Progress(terminal, { verb: 'written', things: 'entries' })
  let left = total
  while (left > 0 && !signal.aborted) {
    await activity.flush()
    const { entries } = valueOf(await activity.spilled())
    if (entries >= left) {
      progress.end()
      throw stuck(entries)
    }
    left = entries
    progress.update(Math.max(0, total - left), total)
  }
  progress.end()
  return {
    data: { written: total - left, left, isComplete: left === 0 },
    text: () =>
      left === 0
        ? `${counted(total, 'entry', 'entries')} written to MongoDB.`
        : `${count(total - left)} written, ${count(left)} left: run the command again to go on.`,
    isFinding: left > 0,
  }
}

function stuck(entries: number): CommandFailed {
  const message = `MongoDB takes none of the ${counted(entries, 'entry', 'entries')}: is it reachable?`
  return new CommandFailed({ type: 'spill-stuck', retryable: true, message })
}
