import type { Step } from '../../explore.ts'
import { cacheIdOf, fellow, isTrusted, judge, type Look, requiredOf } from './look.ts'
import {
  following,
  type Entry,
  fillAnswered,
  leading,
  loaded,
  missed,
  passed,
  passing,
  type Reader,
  rest,
  resting,
  sawEntry,
  sawTag,
  type State,
  type Tag,
  told,
  value,
} from './state.ts'
import { readerStep, tell, type Turn } from './turn.ts'
import { leaderSteps } from './leader-steps.ts'

/** What a reader can do next: look, join or lead a load, and answer. */
export function* readerSteps(turn: Turn, index: number): Iterable<Step<State>> {
  const reader = turn.state.readers[index] as Reader
  switch (reader.at) {
    case resting:
      if (reader.readsLeft > 0 && isTrusted(turn, index)) yield* looking(turn, index)
      break
    case sawEntry:
      yield* secondLook(turn, index, {
        name: 'look at the tag',
        entry: reader.look as Entry,
        tag: turn.state.tag,
      })
      break
    case sawTag:
      yield* secondLook(turn, index, {
        name: 'look at the entry',
        entry: turn.state.entry,
        tag: reader.look as Tag,
      })
      break
    case missed:
      yield* joining(turn, index)
      break
    case following:
      break
    case told:
      yield* sharing(turn, index)
      break
    case passing:
      yield move(turn, index, 'load without the cache', (_, self) => {
        Object.assign(self, { at: passed, loaded: turn.state.database })
      })
      break
    case passed:
      yield {
        ...move(turn, index, 'answer without the cache', (next, self) => {
          tell(next, index, true)
          rest(self)
        }),
        isViolation: misses(reader.required, reader.loaded),
      }
      break
    default:
      yield* leaderSteps(turn, index)
  }
}

function move(
  turn: Turn,
  index: number,
  name: string,
  change: (next: State, self: Reader) => void,
): Step<State> {
  return readerStep(turn, index, { name, change })
}

function* looking(turn: Turn, index: number): Iterable<Step<State>> {
  const { entry, tag } = turn.state
  const isTagged = turn.setting.tagged === true
  if (isTagged && entry.kind === value)
    yield move(turn, index, 'look at the entry first', (_, self) => {
      begin(turn, index, self)
      Object.assign(self, { at: sawEntry, look: entry })
    })
  else yield* resolve(turn, index, judge(turn, { reader: index, entry }))
  if (isTagged)
    yield move(turn, index, 'look at the tag first', (_, self) => {
      begin(turn, index, self)
      Object.assign(self, { at: sawTag, look: tag })
    })
}

function* secondLook(
  turn: Turn,
  index: number,
  { name, entry, tag }: { name: string; entry: Entry; tag: Tag },
): Iterable<Step<State>> {
  if (turn.state.isUp) yield* resolve(turn, index, judge(turn, { reader: index, entry, tag }), name)
  else
    yield move(turn, index, `${name} in vain`, (_, self) => {
      rest(self)
    })
}

/**
 * Goes by a look. A read of the source is always right: it needs no further steps, except where
 * reads share it.
 */
function* resolve(turn: Turn, index: number, look: Look, name = 'look'): Iterable<Step<State>> {
  const { required } = turn.state.readers[index] as Reader
  const self = (change: (self: Reader) => void) => (_: State, reader: Reader) => {
    begin(turn, index, reader)
    change(reader)
  }
  switch (look.kind) {
    case 'pass':
      yield* passBy(turn, index, name)
      break
    case 'miss':
      yield move(
        turn,
        index,
        `${name}: miss`,
        self((reader) => {
          Object.assign(reader, { at: missed, look: undefined, seen: look.seen })
        }),
      )
      break
    case 'hit': {
      const isViolation = misses(
        turn.state.readers[index]?.at === resting ? requiredOf(turn, index) : required,
        look.mask,
      )
      yield {
        ...move(
          turn,
          index,
          `${name}: hit`,
          self((reader) => {
            rest(reader)
          }),
        ),
        isViolation,
      }
      if (turn.setting.refreshes === true) yield* renewing(turn, index, { name, nonce: look.nonce })
    }
  }
}

/**
 * A VALUE that is loaded anew: in the background once its soft expiry has passed, or for the reader
 * himself once it has expired.
 */
function* renewing(
  turn: Turn,
  index: number,
  { name, nonce }: { name: string; nonce: number },
): Iterable<Step<State>> {
  if (fellow(turn, index, [leading, fillAnswered]) === undefined && isTrusted(turn, index)) {
    yield move(turn, index, `${name}: hit and refresh`, (_, self) => {
      begin(turn, index, self)
      Object.assign(self, {
        at: leading,
        required: 0,
        look: undefined,
        seen: nonce,
        keeps: true,
        run: cacheIdOf(turn, index),
      })
    })
  }
  yield move(turn, index, `${name}: expired`, (_, self) => {
    begin(turn, index, self)
    Object.assign(self, { at: missed, look: undefined, seen: nonce, keeps: true })
  })
}

function* passBy(turn: Turn, index: number, name: string): Iterable<Step<State>> {
  const running = fellow(turn, index, [passing, passed])
  yield move(turn, index, `${name}: pass`, (_, self) => {
    begin(turn, index, self)
    if (turn.setting.passes !== true) rest(self)
    else if (running === undefined) Object.assign(self, { at: passing, look: undefined })
    else if (turn.flaw === 'bypass-joins-a-running-load')
      Object.assign(self, { at: following, look: undefined, leader: running })
    else rest(self)
  })
}

/** A flight takes followers until its load has come back. */
function* joining(turn: Turn, index: number): Iterable<Step<State>> {
  const leader = fellow(turn, index, [
    leading,
    turn.flaw === 'followers-join-after-fill-was-sent' ? fillAnswered : loaded,
  ])
  if (leader !== undefined)
    yield move(turn, index, 'join', (_, self) => {
      Object.assign(self, { at: following, seen: 0, keeps: false, leader })
    })
  else if (isTrusted(turn, index))
    yield move(turn, index, 'lead', (_, self) => {
      Object.assign(self, { at: leading, run: cacheIdOf(turn, index) })
    })
  else
    yield move(turn, index, 'read the source', (_, self) => {
      rest(self)
    })
}

function* sharing(turn: Turn, index: number): Iterable<Step<State>> {
  const reader = turn.state.readers[index] as Reader
  const isShared = reader.accepted || turn.flaw === 'followers-trust-a-rejected-fill'
  if (isShared)
    yield {
      ...move(turn, index, 'share the load', (_, self) => {
        rest(self)
      }),
      isViolation: misses(reader.required, reader.loaded),
    }
  else
    yield move(turn, index, 'look again', (_, self) => {
      rest(self)
    })
}

function begin(turn: Turn, index: number, self: Reader): void {
  if (self.at !== resting) return
  self.required = requiredOf(turn, index)
  self.readsLeft -= 1
}

function misses(required: number, mask: number): boolean {
  return (required & ~mask) !== 0
}
