import type { Step } from '../../explore.ts'
import {
  aborted,
  commitSent,
  crashed,
  done,
  ended,
  open,
  type State,
  targetsOf,
  unknown,
  type Writer,
} from './state.ts'
import { step, suffer, type Turn } from './turn.ts'

/**
 * What PostgreSQL can do by itself: fail over to a standby that has every commit. Transactions
 * under way are gone, and whoever had sent a COMMIT does not know its outcome.
 */
export function* postgresSteps(turn: Turn): Iterable<Step<State>> {
  if (turn.state.troubles.promotions === 0) return
  yield step(turn, 'a standby is promoted', (next) => {
    suffer(next, 'promotions')
    next.writers = next.writers.map((writer, index) => cutOff(turn, writer, index))
  })
}

function cutOff({ setting }: Turn, writer: Writer, index: number): Writer {
  const { at, transaction } = writer
  if (at === done || at === ended) return writer
  const lost: Writer = {
    ...writer,
    transaction: transaction === open ? aborted : transaction,
    isForeign: true,
  }
  if (at === crashed) return lost
  if (at === commitSent || at === unknown) return { ...lost, at: unknown }
  return { ...lost, at: ended, left: targetsOf(setting, index) }
}
