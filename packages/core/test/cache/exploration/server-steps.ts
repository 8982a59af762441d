import type { Step } from '../../explore.ts'
import {
  absent,
  type Entry,
  hold,
  lease,
  noEntry,
  noMarker,
  noTag,
  open,
  type State,
  type Tag,
  tagged,
  value,
} from './state.ts'
import { held, step, suffer, type Turn } from './turn.ts'

/**
 * What Redis can do next: forget by eviction or expiry, go away, come back, and save what it has.
 */
export function* serverSteps(turn: Turn): Iterable<Step<State>> {
  const { entry, tag, marker, isUp, troubles, saved, replica } = turn.state
  yield* evictions(turn)
  yield* clockSteps(turn)
  if (entry.kind === lease)
    yield step(turn, 'lease expires', (next) => {
      next.entry = noEntry()
    })
  yield* expiries(turn)
  if (isUp && troubles.outages > 0)
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
      next.saved = { entry, tag, marker }
    })
  }
  if (isUp && replica !== undefined)
    yield step(turn, 'the replica catches up', (next) => {
      next.replica = { entry, tag, marker, run: replica.run }
    })
  if (!isUp) yield* returns(turn)
}

function* evictions(turn: Turn): Iterable<Step<State>> {
  const { entry, tag, troubles } = turn.state
  const { evictions: left, holdEvictions } = troubles
  if (left > 0 && (entry.kind === value || entry.kind === lease))
    yield step(turn, 'the entry is evicted', (next) => {
      next.entry = noEntry()
      suffer(next, 'evictions')
    })
  if (left > 0 && tag.kind === tagged)
    yield step(turn, 'the tag is evicted', (next) => {
      next.tag = noTag()
      suffer(next, 'evictions')
    })
  if (left > 0 && turn.setting.flushes !== undefined && turn.state.marker !== noMarker)
    yield step(turn, 'the marker is evicted', (next) => {
      next.marker = noMarker
      suffer(next, 'evictions')
    })
  if (holdEvictions > 0 && entry.kind === hold) {
    yield step(turn, 'a hold of the entry is evicted', (next) => {
      next.lostHolds |= entry.mask
      next.entry = noEntry()
      suffer(next, 'holdEvictions')
    })
  }
  if (holdEvictions > 0 && tag.kind === hold) {
    yield step(turn, 'a hold of the tag is evicted', (next) => {
      next.lostHolds |= tag.mask
      next.tag = noTag()
      suffer(next, 'holdEvictions')
    })
  }
}

/** A clock that is set back lets everything live longer, which is no trouble. */
function* clockSteps(turn: Turn): Iterable<Step<State>> {
  const { entry, tag, isUp, troubles } = turn.state
  if (!isUp || troubles.clockSteps === 0) return
  const holders = (key: Entry | Tag) => (key.kind === hold ? key.mask : 0)
  yield step(turn, 'the clock of Redis is set forward', (next) => {
    next.lostHolds |= holders(entry) | holders(tag)
    Object.assign(next, { entry: noEntry(), tag: noTag() })
    suffer(next, 'clockSteps')
  })
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
  suffer(next, 'outages')
  next.processes = next.processes.map((process) => ({
    ...process,
    ...(flaw === 'no-gate' ? {} : { isGateOpen: false }),
    ...(flaw === 'gate-forgets-the-second-outage'
      ? {}
      : { sawNoIntent: false, hasReadMarker: false, hasNoted: false, awaited: 0 }),
  }))
}

function* returns(turn: Turn): Iterable<Step<State>> {
  const kinds = turn.setting.returns ?? ['intact']
  const { saved, replica } = turn.state
  if (kinds.includes('intact'))
    yield step(turn, 'Redis returns intact', (next) => {
      next.isUp = true
    })
  if (kinds.includes('empty'))
    yield step(turn, 'Redis returns empty', (next) => {
      Object.assign(next, { isUp: true, run: freshRun(next), entry: noEntry(), tag: noTag() })
      if (turn.setting.flushes !== undefined) next.marker = noMarker
    })
  if (kinds.includes('snapshot') && saved !== undefined) {
    yield step(turn, 'Redis returns with a snapshot', (next) => {
      Object.assign(next, { isUp: true, run: freshRun(next), ...saved })
    })
  }
  if (replica !== undefined)
    yield step(turn, 'Redis returns as its replica', (next) => {
      failOver(turn, next, replica)
    })
}

/** Its run id outlives a server's demotion and promotion; each promotion begins a term. */
function failOver({ flaw }: Turn, next: State, promoted: NonNullable<State['replica']>): void {
  const { entry, tag, marker, run } = next
  Object.assign(next, {
    isUp: true,
    ...promoted,
    run: flaw === 'run-id-without-its-term' ? promoted.run : freshRun(next),
    replica: { entry, tag, marker, run },
  })
}

function freshRun({ run, replica }: State): number {
  return Math.max(run, replica?.run ?? 0) + 1
}
