import type { Step } from '../../explore.ts'
import { endedIntents } from './intent-steps.ts'
import { noMarker, type Process, type State } from './state.ts'
import { step, type Turn } from './turn.ts'

/** Beside the writers whose intents a flush settles: whether it has replaced the marker. */
const marked = 8

/**
 * Many intents are settled by a flush. The intents of ended transactions are deleted, which nobody
 * sees yet; then the marker is replaced; then the deletion is committed. Whoever flushes may die or
 * lose Redis in between: the intents are still there then.
 */
export function* flushSteps(turn: Turn): Iterable<Step<State>> {
  const {
    state: { isUp, flushes, flushing },
    flaw,
  } = turn
  const isReversed = flaw === 'marker-replaced-after-the-intents-are-removed'
  const isLate = flaw === 'flush-settles-what-ends-after-its-marker'
  const takesAll = isLate || flaw === 'flush-of-an-open-transaction'
  const due = takesAll ? turn.state.intents : endedIntents(turn)
  if (flushing === 0 && flushes > 0 && due !== 0 && isUp)
    yield step(turn, 'begin a flush', (next) => {
      next.flushing = due
      next.flushes -= 1
      if (isReversed) next.intents &= ~due
    })
  if (flushing === 0) return
  yield step(turn, 'give up a flush', (next) => {
    Object.assign(next, { flushing: 0, flushedBy: 0 })
  })
  if (isUp && (flushing & marked) === 0)
    yield step(turn, 'replace the marker', (next) => {
      newMarker(next)
      if ((flushing & 1) !== 0) next.flushedBy = next.marker
      next.flushing = isReversed ? 0 : flushing | marked
    })
  if ((flushing & marked) !== 0)
    yield step(turn, 'delete the intents of a flush', (next) => {
      next.intents &= ~(isLate ? endedIntents(turn) : flushing)
      next.flushing = 0
    })
}

/** Reads the marker of the last flush; makes a new one where it was evicted. */
export function readMarker({ flaw }: Turn, next: State, index: number): void {
  if (next.marker === noMarker) {
    if (flaw === 'evicted-marker-counts-as-the-first') next.marker = 0
    else newMarker(next)
  }
  const self = { ...(next.processes[index] as Process), marker: next.marker, hasReadMarker: true }
  if (self.isGateOpen) self.hasReadMarker = false
  next.processes = next.processes.with(index, self)
}

function newMarker(next: State): void {
  next.markers += 1
  next.marker = next.markers
}
