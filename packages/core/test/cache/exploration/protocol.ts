import type { Step } from '../../explore.ts'
import { flushSteps } from './flush-steps.ts'
import { gateSteps } from './gate-steps.ts'
import { intentSteps } from './intent-steps.ts'
import { postgresSteps } from './postgres-steps.ts'
import { readerSteps } from './reader-steps.ts'
import { serverSteps } from './server-steps.ts'
import type { Flaw, Setting } from './setting.ts'
import type { State } from './state.ts'
import type { Turn } from './turn.ts'
import { writerSteps } from './writer-steps.ts'

/**
 * Every step that anybody can take in a state, with the protocol built as it is, or with a flaw.
 */
export function protocol(setting: Setting, flaw?: Flaw): (state: State) => Iterable<Step<State>> {
  return (state) => stepsOf({ state, setting, flaw })
}

function* stepsOf(turn: Turn): Iterable<Step<State>> {
  const { writers, readers, processes } = turn.state
  for (const index of writers.keys()) yield* writerSteps(turn, index)
  for (const index of readers.keys()) yield* readerSteps(turn, index)
  for (const index of processes.keys()) yield* gateSteps(turn, index)
  yield* intentSteps(turn)
  yield* flushSteps(turn)
  yield* serverSteps(turn)
  yield* postgresSteps(turn)
}
