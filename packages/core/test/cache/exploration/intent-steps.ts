import type { Step } from '../../explore.ts'
import { done, open, type State, targetsOf } from './state.ts'
import { releaseKeys, step, type Turn } from './turn.ts'

/** The intents that may be settled: those of transactions that have ended. */
export function endedIntents({ state: { intents, writers }, flaw }: Turn): number {
  if (flaw === 'intent-settled-before-its-transaction-ended') return intents
  return writers.reduce(
    (mask, { transaction }, index) => (transaction === open ? mask & ~(1 << index) : mask),
    intents,
  )
}

/**
 * An intent whose transaction has ended is settled by whoever sees it: the keys first, then the
 * intent. Two who do so at once delete twice, which is what eviction and expiry do as well.
 */
export function* intentSteps(turn: Turn): Iterable<Step<State>> {
  const {
    state: { isUp, settling, writers },
    setting,
    flaw,
  } = turn
  if (!isUp) return
  const due = writers.findIndex((_, index) => (endedIntents(turn) & (1 << index)) !== 0)
  const isReversed = flaw === 'intent-removed-before-its-keys'
  const deleteKeys = (next: State, writer: number) => {
    releaseKeys(turn, next, { bit: 1 << writer, targets: targetsOf(setting, writer) })
  }
  const removeIntent = (next: State, writer: number) => {
    next.intents &= ~(1 << writer)
    if (writers[writer]?.at === done) next.lostHolds &= ~(1 << writer)
  }
  if (settling === -1 && due !== -1) {
    yield step(turn, 'delete the keys of an intent', (next) => {
      ;(isReversed ? removeIntent : deleteKeys)(next, due)
      next.settling = due
    })
  }
  if (settling !== -1) {
    yield step(turn, 'delete the intent', (next) => {
      ;(isReversed ? deleteKeys : removeIntent)(next, settling)
      next.settling = -1
    })
  }
}
