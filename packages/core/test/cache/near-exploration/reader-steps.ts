import type { Step } from '../../explore.ts'
import type { Setting } from './setting.ts'
import {
  absent,
  answered,
  gateOpen,
  lease,
  loaded,
  type Member,
  noRead,
  nothingNear,
  type Read,
  resting,
  type Server,
  type State,
  value,
} from './state.ts'
import { memberStep, onServer, type Turn } from './turn.ts'

/** What a process can do next about a read: look, or lease, load and fill; and keep what it has. */
export function* readerSteps(turn: Turn, index: number): Iterable<Step<State>> {
  const { state } = turn
  const { read, gate, isCutOff } = state.members[index] as Member
  const move = (name: string, change: (self: Member, next: State) => void) =>
    memberStep(turn, index, { name, change })
  if (read.at === resting && gate === gateOpen && !isCutOff) yield* looking(turn, index)
  if (read.at === loaded && !isCutOff)
    yield move('fill', (self, next) => {
      self.read = fill(turn, next, index)
    })
  if (read.at === answered)
    yield move('the answer arrives', (self) => {
      self.read = noRead
      if (!mayKeep(turn, self, read)) return
      const isConfirmed = !needs(turn, 'values are confirmed')
      Object.assign(self, { near: read.mask, isConfirmed, confirms: false, toDrop: false })
    })
}

/** A load is as old as it can be: it reads the source when it takes the lease. */
function* looking(turn: Turn, index: number): Iterable<Step<State>> {
  const { state, setting } = turn
  const self = state.members[index] as Member
  if (self.near !== nothingNear && self.isConfirmed && self.right > 0) return
  const server = state.servers[self.server] as Server
  const { entry, tag } = server
  const guarded = { ...noRead, epoch: epochOf(self) }
  const isTagHeld = setting.tagged === true && tag.owners !== 0
  const isHit =
    entry.kind === value &&
    entry.history === self.history &&
    (setting.tagged !== true || entry.version === tag.version)
  if (isTagHeld) return
  if (isHit && self.isMember)
    yield memberStep(turn, index, {
      name: 'look: hit',
      change: (member) => {
        const answer = { ...guarded, at: answered, mask: entry.mask, history: entry.history }
        member.read = isChecked(turn, state, index) ? answer : noRead
      },
    })
  const isFree = entry.kind === absent || entry.kind === value || isOwnLease(server, index)
  if (!isHit && isFree && self.server === state.active)
    yield memberStep(turn, index, {
      name: 'lease and load',
      change: (member, next) => {
        const { history } = member
        const mask = state.database
        member.read = { ...guarded, at: loaded, mask, version: tag.version, history }
        onServer(next, self.server, {
          entry: { kind: lease, mask: index, history: 0, version: 0 },
        })
      },
    })
}

/** A process has one read at a time: its name tells its leases apart. */
function isOwnLease({ entry }: Server, index: number): boolean {
  return entry.kind === lease && entry.mask === index
}

/** The fill script; what becomes of the read. */
function fill(turn: Turn, next: State, index: number): Read {
  const self = next.members[index] as Member
  const { mask, version, history } = self.read
  const server = next.servers[self.server] as Server
  if (self.server !== next.active || !isOwnLease(server, index)) return noRead
  onServer(next, self.server, { entry: { kind: value, mask, history, version } })
  if (!isChecked(turn, next, index)) return noRead
  const read = { ...self.read, at: answered }
  return turn.flaw === 'guard-from-the-fill'
    ? { ...read, epoch: epochOf(self), isBroken: false }
    : read
}

/**
 * What a check after a command can find at best: that it was asked of the master, of the history
 * that the process knows. A history never returns, so that a later check finds less.
 */
function isChecked(turn: Turn, { servers, active }: State, index: number): boolean {
  const { server, history } = turn.state.members[index] as Member
  const isMaster = server === active && servers[server]?.history === history
  return isMaster || !needs(turn, 'reads are checked')
}

function needs({ setting, flaw }: Turn, way: NonNullable<Setting['resyncs']>): boolean {
  return setting.resyncs === way && flaw !== 'value-of-a-demoted-server'
}

/** A process that has asked to join is no member before it was told so. */
function epochOf({ isMember, epoch }: Member): number {
  return isMember ? epoch : 0
}

function mayKeep({ flaw }: Turn, self: Member, read: Read): boolean {
  if (!self.isMember || (read.history !== self.history && flaw !== 'no-check-of-the-history'))
    return false
  if (flaw === 'no-guard') return true
  return !read.isBroken && (read.epoch === self.epoch || flaw === 'guard-without-the-epoch')
}
