import type { Step } from '../../explore.ts'
import { memberSteps } from './member-steps.ts'
import { readerSteps } from './reader-steps.ts'
import { serverSteps } from './server-steps.ts'
import type { Flaw, Setting } from './setting.ts'
import { committed, nothingNear, type State } from './state.ts'
import type { Turn } from './turn.ts'
import { writerSteps } from './writer-steps.ts'

/**
 * Every step that can be taken in a state, with the near tier built as it is, or with a flaw. A
 * near hit takes no time, so that it is enough to know which states would serve a stale one.
 */
export function protocol(setting: Setting, flaw?: Flaw): (state: State) => Iterable<Step<State>> {
  return function* (state) {
    for (const step of stepsOf({ state, setting, flaw }))
      yield servesStaleHit(step.next, flaw) ? { ...step, isViolation: true } : step
  }
}

function* stepsOf(turn: Turn): Iterable<Step<State>> {
  if (isHarmless(turn)) return
  for (const index of turn.state.members.keys()) {
    yield* memberSteps(turn, index)
    yield* readerSteps(turn, index)
  }
  for (const index of turn.state.writers.keys()) yield* writerSteps(turn, index)
  yield* serverSteps(turn)
}

/** Whether no hit can be stale any more: nobody may join again, or nobody has committed or will. */
function isHarmless({ state, setting }: Turn): boolean {
  const { database, epochs, members, writers } = state
  const isAlone = epochs === setting.joins && members.every(({ epoch }) => epoch === 0)
  return isAlone || (database === 0 && writers.every(({ at }) => at >= committed))
}

/** Whether a member may serve a value that misses a commit. */
function servesStaleHit({ database, lostHolds, members }: State, flaw?: Flaw): boolean {
  const required = database & ~lostHolds
  return members.some(({ near, isConfirmed, isMember, right }) => {
    const hasRight = isMember && (right > 0 || flaw === 'clock-read-only-when-renewing')
    return hasRight && isConfirmed && near !== nothingNear && (near & required) !== required
  })
}
