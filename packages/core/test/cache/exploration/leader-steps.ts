import type { Step } from '../../explore.ts'
import { cacheIdOf, isOfServer } from './look.ts'
import {
  type Entry,
  fillAnswered,
  fillSent,
  hold,
  leading,
  lease,
  loaded,
  noEntry,
  type Reader,
  rest,
  type State,
  tagged,
  tagsRead,
  value,
} from './state.ts'
import { freshNonce, readerStep, readTag, tell, type Turn } from './turn.ts'

/**
 * What the leader of a load can do next: take the lease and read the tag, load, fill, read the tag
 * again, land.
 */
export function* leaderSteps(turn: Turn, index: number): Iterable<Step<State>> {
  const {
    state: { database, isUp },
    flaw,
  } = turn
  const reader = turn.state.readers[index] as Reader
  const move = (name: string, change: (next: State, self: Reader) => void) =>
    readerStep(turn, index, { name, change })
  if (reader.at === leading) yield* leasing(turn, index)
  if (reader.at === loaded && flaw === 'tags-read-after-the-load' && needsTag(turn, reader))
    yield* readingTag(turn, index)
  else if (reader.at === loaded)
    yield move('send fill', (_, self) => {
      self.at = fillSent
    })
  if (
    reader.at === leading &&
    reader.nonce !== 0 &&
    (!needsTag(turn, reader) || flaw === 'tags-read-after-the-load')
  ) {
    yield move('load', (_, self) => {
      Object.assign(self, {
        at: isAlone(turn) && flaw !== 'tags-read-after-the-load' ? fillSent : loaded,
        loaded: database,
      })
    })
  }
  if (reader.at === fillSent) {
    if (isUp)
      yield move('fill is carried out', (next, self) => {
        self.accepted = fill(turn, next, self)
        answer(turn, self)
      })
    else
      yield move('fill is lost', (_, self) => {
        answer(turn, self)
      })
  }
  if (reader.at === fillAnswered && readsTagsAgain(turn, index)) {
    yield move('read the tag again', (_, self) => {
      Object.assign(self, {
        at: tagsRead,
        accepted: isUp && turn.state.tag.kind === tagged && turn.state.tag.nonce === self.tag,
      })
    })
  } else if (reader.at === fillAnswered || reader.at === tagsRead) {
    yield move('land', (next, self) => {
      tell(
        next,
        index,
        self.accepted &&
          (self.run === cacheIdOf(turn, index) || flaw === 'followers-trust-another-server'),
      )
      rest(self)
    })
  }
}

/** The lease and the tag are asked for together, of two servers. */
function* leasing(turn: Turn, index: number): Iterable<Step<State>> {
  const reader = turn.state.readers[index] as Reader
  const isTagMissing = needsTag(turn, reader) && turn.flaw !== 'tags-read-after-the-load'
  if (!turn.state.isUp && (reader.nonce === 0 || isTagMissing))
    yield readerStep(turn, index, {
      name: 'lease fails',
      change: (next) => {
        giveUp(next, index)
      },
    })
  if (!turn.state.isUp) return
  if (reader.nonce === 0)
    yield readerStep(turn, index, {
      name: 'lease',
      change: (next, self) => {
        if (!takeLease(turn, next, self)) giveUp(next, index)
      },
    })
  if (isTagMissing) yield* readingTag(turn, index)
}

/** The lease that it gives back, or could not give back, ends by itself as well. */
function* readingTag(turn: Turn, index: number): Iterable<Step<State>> {
  if (!turn.state.isUp)
    yield readerStep(turn, index, {
      name: 'lease fails',
      change: (next) => {
        giveUp(next, index)
      },
    })
  else
    yield readerStep(turn, index, {
      name: 'read the tag',
      change: (next, self) => {
        const nonce = readTag(turn, next)
        if (nonce === undefined) giveUp(next, index)
        else self.tag = nonce
      },
    })
}

/** Where nobody can follow, what happens between two messages is nobody's business. */
function isAlone({ setting }: Turn): boolean {
  return setting.sameProcess !== true
}

function answer(turn: Turn, self: Reader): void {
  if (isAlone(turn)) rest(self)
  else self.at = fillAnswered
}

/** The lease script: whether the reader has the lease. */
export function takeLease(turn: Turn, next: State, self: Reader): boolean {
  const { entry } = next
  if (entry.kind === hold || (entry.kind === lease && turn.flaw !== 'delete-after-commit'))
    return false
  const isValue = isOfServer(turn, entry, self.run)
  if (isValue && entry.nonce !== self.seen) return false
  if (isValue && self.keeps) {
    self.nonce = entry.nonce
    return true
  }
  self.nonce = freshNonce(next)
  next.entry = { ...noEntry(), kind: lease, nonce: self.nonce }
  return true
}

/** The fill script: whether the value was stored. */
export function fill({ flaw }: Turn, next: State, self: Reader): boolean {
  const { entry } = next
  const isMine = (entry.kind === lease || entry.kind === value) && entry.nonce === self.nonce
  if (!isMine && !isForced(flaw, entry, self)) return false
  next.entry = {
    kind: value,
    mask: self.loaded,
    run: self.run,
    nonce: freshNonce(next),
    tag: self.tag,
  }
  return true
}

function isForced(flaw: Turn['flaw'], entry: Entry, self: Reader): boolean {
  if (flaw === 'delete-after-commit') return true
  if (entry.kind === hold) return false
  return flaw === 'fill-without-lease' || (flaw === 'refresh-without-compare' && self.keeps)
}

/** Nothing was loaded: the followers look again. */
function giveUp(next: State, index: number): void {
  for (const reader of next.readers) if (reader.leader === index) rest(reader)
  rest(next.readers[index] as Reader)
}

function needsTag({ setting }: Turn, { tag }: Reader): boolean {
  return setting.tagged === true && tag === 0
}

function readsTagsAgain({ state, setting, flaw }: Turn, index: number): boolean {
  const { accepted } = state.readers[index] as Reader
  return (
    setting.tagged === true &&
    accepted &&
    flaw !== 'followers-do-not-read-tags-again' &&
    state.readers.some(({ leader }) => leader === index)
  )
}
