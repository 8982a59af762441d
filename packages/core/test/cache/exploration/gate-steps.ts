import type { Step } from './explore.ts'
import { done, idle, open, type Process, type State, targetsOf, wantsIntent } from './state.ts'
import { processStep, releaseKeys, step, type Turn } from './turn.ts'

/**
 * What a process can do next about its gate. One whose connection was lost reads the source until
 * it has seen no intent, and every transaction that was under way when Redis had come back has
 * ended. An open gate that never looks serves more than one that does, so it looks only where that
 * matters.
 */
export function* gateSteps(turn: Turn, index: number): Iterable<Step<State>> {
  const {
    state: { isUp, intents, processes },
    setting,
  } = turn
  const { isGateOpen, hasNoted, sawNoIntent, awaited } = processes[index] as Process
  if (!isUp) return
  const move = (name: string, change: (self: Process) => void): Step<State> =>
    processStep(turn, index, { name, change })
  if (isGateOpen && intents !== 0 && setting.isFirstWriterCutOff === true)
    yield move('see an intent', (self) => {
      self.isGateOpen = false
    })
  if (isGateOpen) return
  if (!hasNoted)
    yield move('note the transactions under way', (self) => {
      self.hasNoted = true
      self.awaited = underWay(turn)
    })
  if (!sawNoIntent && intents === 0)
    yield move('see no intent', (self) => {
      self.sawNoIntent = true
    })
  if (hasNoted && sawNoIntent && (awaited & underWay(turn)) === 0) {
    yield move('open the gate', (self) => {
      Object.assign(self, { isGateOpen: true, sawNoIntent: false, awaited: 0 })
    })
  }
}

/**
 * An intent whose transaction has ended is settled by whoever sees it: the keys first, then the
 * intent. Two who do so at once delete twice, which is what eviction and expiry do as well.
 */
export function* intentSteps(turn: Turn): Iterable<Step<State>> {
  const {
    state: { isUp, intents, settling, writers },
    setting,
    flaw,
  } = turn
  if (!isUp) return
  const mayEnd = (index: number) =>
    writers[index]?.transaction !== open || flaw === 'intent-settled-before-its-transaction-ended'
  const due = writers.findIndex((_, index) => (intents & (1 << index)) !== 0 && mayEnd(index))
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

function underWay({ state, setting, flaw }: Turn): number {
  if (flaw === 'gate-ignores-transactions-under-way') return 0
  return state.writers.reduce((mask, { at, hasId, transaction }, index) => {
    const isSeen = setting.holdsBeforeId === true ? hasId : at !== idle && at !== wantsIntent
    return isSeen && transaction === open ? mask | (1 << index) : mask
  }, 0)
}
