import type { Step } from '../../explore.ts'
import {
  absent,
  type Entry,
  gateClosed,
  gateOpen,
  hold,
  type Member,
  noEntry,
  type Server,
  type State,
  type Writer,
} from './state.ts'
import { masterOf, memberStep, onMaster, onServer, step, suffer, type Turn } from './turn.ts'
import { withoutHold } from './turn.ts'

/** What happens by itself: time passes, and Redis forgets, restarts or fails over. */
export function* serverSteps(turn: Turn): Iterable<Step<State>> {
  yield step(turn, 'a tick', tick)
  yield* forgetting(turn)
  yield* restarting(turn)
  yield* failingOver(turn)
}

/** A hold that ends was there on every server that had it. */
function tick(next: State): void {
  next.members = next.members.map((member) => ({
    ...member,
    right: Math.max(member.right - 1, 0),
    pending: Math.max(member.pending - 1, Math.min(member.pending, 0)),
  }))
  next.writers.forEach(({ holdLeft }, index) => {
    if (holdLeft === 1)
      next.servers = next.servers.map((server) => ({
        ...server,
        ...withoutHold(server, 1 << index),
      }))
  })
  next.writers = next.writers.map((writer) => ({
    ...writer,
    wait: Math.max(writer.wait - 1, 0),
    holdLeft: Math.max(writer.holdLeft - 1, 0),
    deadline: Math.max(writer.deadline - 1, 0),
  }))
}

function* forgetting(turn: Turn): Iterable<Step<State>> {
  const { troubles } = turn.state
  const { entry, tag, hash } = masterOf(turn.state)
  if (troubles.evictions > 0 && entry.kind !== absent)
    yield step(turn, 'the entry is evicted', (next) => {
      suffer(next, 'evictions')
      next.lostHolds |= ownersOf(entry)
      onMaster(next, { entry: noEntry })
    })
  if (troubles.hashEvictions > 0 && hash !== undefined)
    yield step(turn, 'the hash is evicted', (next) => {
      suffer(next, 'hashEvictions')
      onMaster(next, { hash: undefined })
    })
  if (troubles.flushes > 0)
    yield step(turn, 'Redis is flushed', (next) => {
      suffer(next, 'flushes')
      next.lostHolds |= ownersOf(entry) | tag.owners
      onMaster(next, empty(masterOf(next)))
    })
  if (troubles.clockSteps > 0)
    yield step(turn, 'the clock of Redis is set forward', (next) => {
      suffer(next, 'clockSteps')
      if (turn.flaw === 'wait-in-server-time') next.writers = next.writers.map(withLessToWait)
    })
}

function ownersOf({ kind, mask }: Entry): number {
  return kind === hold ? mask : 0
}

function withLessToWait(writer: Writer): Writer {
  return { ...writer, wait: Math.max(writer.wait - 1, 0) }
}

function empty({ history, tag }: Server): Server {
  return {
    history,
    entry: noEntry,
    tag: { owners: 0, version: tag.version + 1 },
    hash: undefined,
  }
}

function* restarting(turn: Turn): Iterable<Step<State>> {
  if (turn.state.troubles.restarts === 0) return
  yield step(turn, 'Redis restarts empty', (next) => {
    suffer(next, 'restarts')
    next.histories += 1
    onMaster(next, { ...empty(masterOf(next)), history: next.histories })
    next.members = next.members.map((member) =>
      gatedAgain({ ...member, isSubscribed: false, isCutOff: true }),
    )
  })
}

/** A gate that is closed notes the transactions under way anew. */
function gatedAgain(member: Member): Member {
  return member.gate === gateOpen ? member : { ...member, gate: gateClosed, awaited: 0 }
}

/** A demoted server keeps its connections, for as long as it likes. */
function* failingOver(turn: Turn): Iterable<Step<State>> {
  const { servers, active, members, troubles } = turn.state
  const other = 1 - active
  if (servers[other] === undefined) return
  if (troubles.promotions > 0)
    yield step(turn, 'the replica is promoted', (next) => {
      suffer(next, 'promotions')
      next.histories += 1
      next.active = other
      onServer(next, other, { history: next.histories })
      next.members = next.members.map(gatedAgain)
    })
  const reads = ({ server, isCutOff, gate }: Member) =>
    server === other && !isCutOff && gate === gateOpen
  if (turn.setting.resyncs !== undefined || !members.some(reads))
    yield step(turn, 'the replica catches up', (next) => {
      const { history } = servers[other] as Server
      onServer(next, other, { ...masterOf(next), history })
    })
  // To one that cannot join again, a connection that says nothing is as good as none.
  if (turn.state.epochs === turn.setting.joins) return
  for (const [index, member] of members.entries())
    if (reads(member))
      yield memberStep(turn, index, {
        name: 'the demoted server closes its connections',
        change: (self) => {
          Object.assign(self, { isSubscribed: false, isCutOff: true })
        },
      })
}
