import type { Step } from '../../explore.ts'
import {
  aborted,
  commitSent,
  committed,
  crashed,
  done,
  ended,
  idle,
  open,
  ready,
  type State,
  targetsOf,
  unknown,
  wantsIntent,
  type Writer,
} from './state.ts'
import { holdKeys, releaseKeys, suffer, type Turn, usesHolds, writerStep } from './turn.ts'

/**
 * What a writer can do next: hold its keys one by one, commit, release them one by one, or crash.
 */
export function* writerSteps(turn: Turn, index: number): Iterable<Step<State>> {
  const writer = turn.state.writers[index] as Writer
  const move = (name: string, change: (next: State, self: Writer) => void) =>
    writerStep(turn, index, { name, change })
  if (writer.at !== done && writer.at !== crashed) {
    yield move('crash', (_, self) => {
      if (!self.isCommitSent) self.transaction = aborted
      Object.assign(self, { at: crashed, left: 0 })
    })
  }
  if (!writer.hasId && (writer.at === idle || writer.at === ready))
    yield move('get an id', (_, self) => {
      self.hasId = true
    })
  if ((writer.at === idle && mayHold(turn, writer)) || writer.at === wantsIntent)
    yield* holding(turn, index)
  if (writer.at === ready && writer.hasId) {
    yield move('send COMMIT', (_, self) => {
      Object.assign(self, {
        at: commitSent,
        isCommitSent: true,
        left: targetsOf(turn.setting, index),
      })
    })
    yield move('ROLLBACK', (next, self) => {
      self.transaction = aborted
      finish(turn, next, index)
    })
  }
  if (writer.at === commitSent && turn.setting.unknownCommits === true)
    yield move('lose the connection', (_, self) => {
      self.at = unknown
    })
  if (turn.setting.closedConnections === true) yield* losingItsConnection(turn, index)
  if (writer.at === unknown) yield* asking(turn, index)
  if (writer.at === ended || (writer.at === commitSent && writer.transaction === committed))
    yield* releasing(turn, index)
  if (writer.isCommitSent && writer.transaction === open) yield* committing(turn, index)
}

/** The server ends a transaction whose connection is closed before COMMIT was sent. */
function* losingItsConnection(turn: Turn, index: number): Iterable<Step<State>> {
  const { at, transaction, isCommitSent } = turn.state.writers[index] as Writer
  if (transaction !== open || isCommitSent || at === crashed || at === done) return
  yield writerStep(turn, index, {
    name: 'the connection is closed',
    change: (next, self) => {
      self.transaction = aborted
      finish(turn, next, index)
    },
  })
}

/**
 * Asks for the outcome of a COMMIT. A server on another timeline says nothing about it, but that
 * the transaction is not open any more.
 */
function* asking(turn: Turn, index: number): Iterable<Step<State>> {
  const { transaction, isForeign } = turn.state.writers[index] as Writer
  if (transaction !== open || turn.flaw === 'release-while-commit-is-unknown')
    yield {
      ...writerStep(turn, index, {
        name: isForeign ? 'ask another server and end' : 'ask and end',
        change: (next) => {
          finish(turn, next, index)
        },
      }),
      // It tells the caller that it has committed: the id is another transaction's by then.
      isViolation:
        isForeign && transaction === aborted && turn.flaw === 'promoted-standby-is-believed',
    }
  yield writerStep(turn, index, {
    name: 'give up asking',
    change: (_, self) => {
      self.at = done
    },
  })
}

function* holding(turn: Turn, index: number): Iterable<Step<State>> {
  const { state, setting, flaw } = turn
  const { at, left } = state.writers[index] as Writer
  const bit = 1 << index
  const move = (name: string, change: (next: State, self: Writer) => void) =>
    writerStep(turn, index, { name, change })
  if (at === wantsIntent) {
    yield move('intent', (next, self) => {
      if (flaw !== 'gate-looks-at-committed-events-only') next.intents |= bit
      if (canReach(turn, index)) holdKeys(turn, next, { bit, targets: targetsOf(setting, index) })
      self.at = ready
    })
  } else if (!usesHolds(turn)) {
    yield move('run', (_, self) => {
      self.at = ready
    })
  } else if (!canReach(turn, index)) {
    yield move('hold fails', (_, self) => {
      self.at = wantsIntent
    })
  } else {
    for (const target of [1, 2].filter((one) => (left & one) !== 0)) {
      yield move(`hold ${nameOf(target)}`, (next, self) => {
        holdKeys(turn, next, { bit, targets: target })
        self.left &= ~target
        if (self.left === 0) self.at = ready
      })
      if (state.troubles.refusals > 0) yield refusedHold(turn, index, target)
    }
  }
}

/** An intent makes up for a hold that was refused, and all holds are issued once more after it. */
function refusedHold(turn: Turn, index: number, target: number): Step<State> {
  return writerStep(turn, index, {
    name: `the hold of ${nameOf(target)} is refused`,
    change: (next, self) => {
      suffer(next, 'refusals')
      const isIgnored = turn.flaw === 'refused-part-counts-as-held'
      self.left &= isIgnored ? ~target : 0
      if (self.left === 0) self.at = isIgnored ? ready : wantsIntent
    },
  })
}

/** Redis may lose a hold to a gate that does not know the transaction: no hold before the id. */
function mayHold({ flaw }: Turn, { hasId }: Writer): boolean {
  return hasId || flaw === 'holds-before-the-id'
}

function* committing(turn: Turn, index: number): Iterable<Step<State>> {
  const bit = 1 << index
  yield writerStep(turn, index, {
    name: 'COMMIT is carried out',
    change: (next, self) => {
      self.transaction = committed
      next.database |= bit
      if (turn.flaw === 'gate-looks-at-committed-events-only' && !canReach(turn, index))
        next.intents |= bit
    },
  })
  if ((turn.state.writers[index] as Writer).at !== commitSent) {
    yield writerStep(turn, index, {
      name: 'COMMIT is lost',
      change: (_, self) => {
        self.transaction = aborted
      },
    })
  }
}

/** One that cannot reach Redis leaves an intent. */
function* releasing(turn: Turn, index: number): Iterable<Step<State>> {
  const { left } = turn.state.writers[index] as Writer
  const failing = (name: string, isRefusal: boolean) =>
    writerStep(turn, index, {
      name,
      change: (next, self) => {
        if (isRefusal) suffer(next, 'refusals')
        Object.assign(self, { at: done, left: 0 })
        if (turn.flaw === 'failed-release-leaves-no-intent') next.lostHolds &= ~(1 << index)
        else next.intents |= 1 << index
      },
    })
  if (!canReach(turn, index)) {
    yield failing('release fails', false)
    return
  }
  if (turn.state.troubles.refusals > 0) yield failing('the release is refused', true)
  for (const target of [1, 2].filter((one) => (left & one) !== 0)) {
    yield writerStep(turn, index, {
      name: `release ${nameOf(target)}`,
      change: (next, self) => {
        releaseKeys(turn, next, { bit: 1 << index, targets: target })
        self.left &= ~target
        self.at = self.left === 0 ? done : ended
        if (self.left === 0) next.lostHolds &= ~(1 << index)
      },
    })
  }
}

function finish({ setting }: Turn, next: State, index: number): void {
  Object.assign(next.writers[index] as Writer, { at: ended, left: targetsOf(setting, index) })
}

function canReach({ state, setting }: Turn, index: number): boolean {
  return state.isUp && !(index === 0 && setting.isFirstWriterCutOff === true)
}

function nameOf(target: number): string {
  return target === 1 ? 'the entry' : 'the tag'
}
