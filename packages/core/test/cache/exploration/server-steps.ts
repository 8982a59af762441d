import type { Step } from './explore.ts'
import {
  absent,
  type Entry,
  hold,
  lease,
  noEntry,
  noTag,
  open,
  type State,
  type Tag,
  tagged,
  value,
} from './state.ts'
import { held, step, type Turn } from './turn.ts'

/**
 * What Redis can do next: forget by eviction or expiry, go away, come back, and save what it has.
 */
export function* serverSteps(turn: Turn): Iterable<Step<State>> {
  const { entry, tag, isUp, outages, saved } = turn.state
  yield* evictions(turn)
  if (entry.kind === lease)
    yield step(turn, 'lease expires', (next) => {
      next.entry = noEntry()
    })
  yield* expiries(turn)
  if (isUp && outages > 0)
    yield step(turn, 'outage', (next) => {
      beDown(turn, next)
    })
  if (
    isUp &&
    saved === undefined &&
    entry.kind + tag.kind > absent &&
    turn.setting.returns?.includes('snapshot') === true
  ) {
    yield step(turn, 'snapshot is saved', (next) => {
      next.saved = { entry, tag }
    })
  }
  if (!isUp) yield* returns(turn)
}

function* evictions(turn: Turn): Iterable<Step<State>> {
  const { entry, tag, evictions: left, holdEvictions } = turn.state
  if (left > 0 && (entry.kind === value || entry.kind === lease))
    yield step(turn, 'the entry is evicted', (next) => {
      next.entry = noEntry()
      next.evictions -= 1
    })
  if (left > 0 && tag.kind === tagged)
    yield step(turn, 'the tag is evicted', (next) => {
      next.tag = noTag()
      next.evictions -= 1
    })
  if (holdEvictions > 0 && entry.kind === hold) {
    yield step(turn, 'a hold of the entry is evicted', (next) => {
      next.lostHolds |= entry.mask
      next.entry = noEntry()
      next.holdEvictions -= 1
    })
  }
  if (holdEvictions > 0 && tag.kind === hold) {
    yield step(turn, 'a hold of the tag is evicted', (next) => {
      next.lostHolds |= tag.mask
      next.tag = noTag()
      next.holdEvictions -= 1
    })
  }
}

/** A hold lives longer than the transaction it is for. */
function* expiries(turn: Turn): Iterable<Step<State>> {
  const { entry, tag, writers } = turn.state
  const without = (key: Entry | Tag, bit: number) => key.mask & ~bit
  for (const [index, writer] of writers.entries()) {
    const bit = 1 << index
    if (writer.transaction === open) continue
    if (entry.kind === hold && (entry.mask & bit) !== 0)
      yield step(turn, 'a hold of the entry expires', (next) => {
        next.entry = held(noEntry(), without(entry, bit))
      })
    if (tag.kind === hold && (tag.mask & bit) !== 0)
      yield step(turn, 'a hold of the tag expires', (next) => {
        next.tag = held(noTag(), without(tag, bit))
      })
  }
}

function beDown({ flaw }: Turn, next: State): void {
  next.isUp = false
  next.outages -= 1
  next.processes = next.processes.map((process) => ({
    ...process,
    ...(flaw === 'no-gate' ? {} : { isGateOpen: false }),
    ...(flaw === 'gate-forgets-the-second-outage'
      ? {}
      : { sawNoIntent: false, hasNoted: false, awaited: 0 }),
  }))
}

function* returns(turn: Turn): Iterable<Step<State>> {
  const kinds = turn.setting.returns ?? ['intact']
  const { saved } = turn.state
  if (kinds.includes('intact'))
    yield step(turn, 'Redis returns intact', (next) => {
      next.isUp = true
    })
  if (kinds.includes('empty'))
    yield step(turn, 'Redis returns empty', (next) => {
      Object.assign(next, { isUp: true, run: next.run + 1, entry: noEntry(), tag: noTag() })
    })
  if (kinds.includes('snapshot') && saved !== undefined) {
    yield step(turn, 'Redis returns with a snapshot', (next) => {
      Object.assign(next, { isUp: true, run: next.run + 1, ...saved })
    })
  }
}
