import type { Step } from '../../explore.ts'
import {
  change,
  gateClosed,
  gateNoted,
  gateOpen,
  held,
  listedFirst,
  type Member,
  nothingNear,
  refused,
  renewed,
  type State,
  waiting,
  type Writer,
} from './state.ts'
import {
  drop,
  hashOf,
  leave,
  masterOf,
  memberStep,
  newHash,
  onMaster,
  suffer,
  type Turn,
} from './turn.ts'

type Change = (self: Member, next: State) => void

/** What a member can do next: join, renew, receive what has arrived, see that it is cut off. */
export function* memberSteps(turn: Turn, index: number): Iterable<Step<State>> {
  const member = turn.state.members[index] as Member
  const move = (name: string, of: Change) => memberStep(turn, index, { name, change: of })
  const { gate, isCutOff, epoch, isSubscribed, toDrop } = member
  if (gate !== gateOpen) yield* gating(turn, index)
  else if (!isCutOff && epoch === 0) yield* joining(turn, index)
  if (member.isMember && member.pending === -1) yield* renewing(turn, index)
  yield* receiving(turn, index)
  if (toDrop) yield move('drop at last', drop)
  if (isSubscribed && turn.state.troubles.cuts > 0)
    yield move('the connection is cut', (self, next) => {
      self.isSubscribed = false
      suffer(next, 'cuts')
    })
  if ((epoch !== 0 && !isSubscribed) || (isCutOff && gate === gateOpen))
    yield move('see the loss', (self) => {
      leave(self, isCutOff)
    })
}

function* gating(turn: Turn, index: number): Iterable<Step<State>> {
  const { gate, awaited } = turn.state.members[index] as Member
  const move = (name: string, of: Change) => memberStep(turn, index, { name, change: of })
  if (gate === gateClosed)
    yield move('note the transactions under way', (self) => {
      Object.assign(self, { gate: gateNoted, awaited: underWay(turn.state) })
    })
  if (gate === gateNoted && (awaited & underWay(turn.state)) === 0)
    yield move('open the gate', (self, next) => {
      const { history } = masterOf(next)
      const server = next.active
      Object.assign(self, { gate: gateOpen, awaited: 0, isCutOff: false, server, history })
    })
}

function underWay({ writers }: State): number {
  return writers.reduce(
    (mask, { at }, index) =>
      at === listedFirst || at === held || at === waiting ? mask | (1 << index) : mask,
    0,
  )
}

function* joining(turn: Turn, index: number): Iterable<Step<State>> {
  const { state, setting } = turn
  const move = (name: string, of: Change) => memberStep(turn, index, { name, change: of })
  if (isOfAnotherServer(turn, index))
    yield move('join another server', (self) => {
      leave(self, true)
    })
  else if (state.epochs < setting.joins)
    yield move('join', (self, next) => {
      next.epochs += 1
      const bit = 1 << next.epochs
      const known = hashOf(turn, masterOf(next))
      const hash =
        known === undefined ? newHash(turn, next, bit) : { ...known, epochs: known.epochs | bit }
      onMaster(next, { hash })
      Object.assign(self, { epoch: next.epochs, isSubscribed: true, inbox: [renewed] })
      self.pending = setting.memberTicks
    })
}

function isOfAnotherServer({ state }: Turn, index: number): boolean {
  const { server, history } = state.members[index] as Member
  return server !== state.active || history !== masterOf(state).history
}

/** The request is sent and carried out in one step: a longer way only shortens what it grants. */
function* renewing(turn: Turn, index: number): Iterable<Step<State>> {
  const { setting, flaw } = turn
  const { epoch, isSubscribed } = turn.state.members[index] as Member
  const goesElsewhere =
    flaw === 'renewal-over-another-connection' || flaw === 'renewal-elsewhere-that-revives'
  if (!isSubscribed && !goesElsewhere) return
  if (changesNothing(turn, index)) return
  yield memberStep(turn, index, {
    name: 'renew',
    change: (self, next) => {
      const isAccepted = renew(turn, next, index)
      if (isAccepted)
        next.writers = next.writers.map((writer) => ({
          ...writer,
          unrenewed: writer.unrenewed & ~(1 << epoch),
        }))
      if (goesElsewhere && isAccepted) self.right = setting.memberTicks
      else if (goesElsewhere) leave(self, false)
      else {
        self.inbox = [...self.inbox, isAccepted ? renewed : refused]
        self.pending = setting.memberTicks
        self.confirms = self.near !== nothingNear && !self.isConfirmed
      }
    },
  })
}

/** Whether a renewal would be accepted, and neither longer nor news to anybody. */
function changesNothing({ state, setting }: Turn, index: number): boolean {
  const { epoch, right, server, history, near, isConfirmed } = state.members[index] as Member
  const bit = 1 << epoch
  const { hash } = masterOf(state)
  const isAccepted =
    server === state.active &&
    history === masterOf(state).history &&
    ((hash?.epochs ?? 0) & bit) !== 0
  return (
    isAccepted &&
    right === setting.memberTicks &&
    (near === nothingNear || isConfirmed) &&
    state.writers.every(({ unrenewed }) => (unrenewed & bit) === 0)
  )
}

/** The renewal script: whether the member has its entry, on the server that it joined. */
function renew(turn: Turn, next: State, index: number): boolean {
  const { epoch, server } = next.members[index] as Member
  const isForeign =
    turn.flaw === 'no-check-of-the-history'
      ? server !== next.active
      : isOfAnotherServer({ ...turn, state: next }, index)
  const { hash } = masterOf(next)
  if (isForeign || hash === undefined) return false
  if ((hash.epochs & (1 << epoch)) !== 0) return true
  if (turn.flaw !== 'renewal-elsewhere-that-revives') return false
  onMaster(next, { hash: { ...hash, epochs: hash.epochs | (1 << epoch) } })
  return true
}

function* receiving(turn: Turn, index: number): Iterable<Step<State>> {
  const { inbox } = turn.state.members[index] as Member
  const [message] = inbox
  if (message === undefined) return
  const move = (name: string, of: Change) =>
    memberStep(turn, index, {
      name,
      change: (self, next) => {
        self.inbox = inbox.slice(1)
        of(self, next)
      },
    })
  if (message === renewed)
    yield move('have the right', (self) => {
      const { setting, flaw } = turn
      self.right = flaw === 'right-counted-from-the-reply' ? setting.memberTicks : self.pending
      Object.assign(self, { pending: -1, isMember: true })
      Object.assign(self, { isConfirmed: self.isConfirmed || self.confirms, confirms: false })
    })
  else if (message === refused)
    yield move('be refused', (self) => {
      leave(self, isOfAnotherServer(turn, index))
    })
  else
    yield move('receive an invalidation', (self, next) => {
      invalidate(turn, self, next, message - change)
    })
}

function invalidate(turn: Turn, self: Member, next: State, message: number): void {
  const index = message % 4
  const target = turn.setting.writers[index]
  if (target !== 'other') {
    self.read = { ...self.read, isBroken: true }
    if (turn.flaw === 'acknowledged-before-the-drop') self.toDrop = self.near !== nothingNear
    else if (target === 'entry' || turn.flaw !== 'tag-dropped-by-key-only') drop(self)
  }
  next.writers = next.writers.map((writer, other) =>
    other === index && writer.round === message >> 2
      ? acknowledged(turn, writer, 1 << self.epoch)
      : writer,
  )
}

/** Forgets what makes no difference any more, so that fewer states are different. */
function acknowledged({ flaw }: Turn, writer: Writer, bit: number): Writer {
  const { listed, wait, birth } = writer
  const acked = (writer.acked | bit) & listed
  const unrenewed = writer.unrenewed & (flaw === 'removal-before-the-wait' ? listed : ~acked)
  return { ...writer, acked, unrenewed, wait: acked === listed && birth === 0 ? 0 : wait }
}
