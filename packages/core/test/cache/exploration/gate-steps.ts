import type { Step } from '../../explore.ts'
import { idle, open, type Process, type State, wantsIntent } from './state.ts'
import { readMarker } from './flush-steps.ts'
import { processStep, step, type Turn } from './turn.ts'

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
  const { isGateOpen, hasNoted, sawNoIntent, hasReadMarker, awaited } = processes[index] as Process
  if (!isUp) return
  const move = (name: string, change: (self: Process) => void): Step<State> =>
    processStep(turn, index, { name, change })
  if (isGateOpen && intents !== 0 && setting.isFirstWriterCutOff === true)
    yield move('see an intent', (self) => {
      self.isGateOpen = false
    })
  if (mayReadMarker(turn, index))
    yield step(turn, 'read the marker', (next) => {
      readMarker(turn, next, index)
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
  const isSure = sawNoIntent && (hasReadMarker || setting.flushes === undefined)
  if (hasNoted && isSure && (awaited & underWay(turn)) === 0) {
    yield move('open the gate', (self) => {
      Object.assign(self, {
        isGateOpen: true,
        sawNoIntent: false,
        hasReadMarker: false,
        awaited: 0,
      })
    })
  }
}

/** Adopting a newer marker needs no closed gate: what was stored before becomes a miss. */
function mayReadMarker({ state, setting, flaw }: Turn, index: number): boolean {
  const { isGateOpen, sawNoIntent, hasReadMarker, marker } = state.processes[index] as Process
  if (setting.flushes === undefined) return false
  if (isGateOpen) return marker !== state.marker
  return !hasReadMarker && (sawNoIntent || flaw === 'marker-read-before-the-intents')
}

function underWay({ state, setting, flaw }: Turn): number {
  if (flaw === 'gate-ignores-transactions-under-way') return 0
  return state.writers.reduce((mask, { at, hasId, transaction }, index) => {
    const isSeen = setting.idComesLate === true ? hasId : at !== idle && at !== wantsIntent
    return isSeen && transaction === open ? mask | (1 << index) : mask
  }, 0)
}
