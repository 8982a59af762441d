import type { Step } from '../../explore.ts'
import type { Flaw, Setting, Troubles } from './setting.ts'
import {
  gateClosed,
  hold,
  type Member,
  noEntry,
  noRead,
  notJoined,
  type Server,
  type State,
  type Writer,
} from './state.ts'

/** A state in which somebody takes a step. */
export interface Turn {
  readonly state: State
  readonly setting: Setting
  readonly flaw: Flaw | undefined
}

/** A step of nobody in particular. */
export function step({ state }: Turn, name: string, change: (next: State) => void): Step<State> {
  const next = { ...state }
  change(next)
  return { name, actor: 'somebody', next }
}

/** A step of a member's. */
export function memberStep(
  { state }: Turn,
  index: number,
  { name, change }: { name: string; change: (self: Member, next: State) => void },
): Step<State> {
  const self = { ...(state.members[index] as Member) }
  const next = { ...state, members: state.members.with(index, self) }
  change(self, next)
  return { name, actor: `member ${index}`, next }
}

/** A step of a writer's. */
export function writerStep(
  { state }: Turn,
  index: number,
  { name, change }: { name: string; change: (self: Writer, next: State) => void },
): Step<State> {
  const self = { ...(state.writers[index] as Writer) }
  const next = { ...state, writers: state.writers.with(index, self) }
  change(self, next)
  return { name, actor: `writer ${index}`, next }
}

/** Uses one of the troubles up. */
export function suffer(next: State, trouble: keyof Troubles): void {
  next.troubles = { ...next.troubles, [trouble]: next.troubles[trouble] - 1 }
}

/** The master. */
export function masterOf({ servers, active }: State): Server {
  return servers[active] as Server
}

/** Changes what a server has. */
export function onServer(next: State, index: number, change: Partial<Server>): void {
  next.servers = next.servers.with(index, { ...(next.servers[index] as Server), ...change })
}

/** Changes what the master has. */
export function onMaster(next: State, change: Partial<Server>): void {
  onServer(next, next.active, change)
}

/** The hash of a server, unless it was made on a server of another history. */
export function hashOf({ flaw }: Turn, { hash, history }: Server): Server['hash'] {
  const isOther = hash?.history !== history && flaw !== 'birth-without-the-history'
  return isOther ? undefined : hash
}

/** A hash with some members, made by whoever finds none. */
export function newHash({ flaw }: Turn, next: State, epochs: number): NonNullable<Server['hash']> {
  next.births += 1
  const { history } = masterOf(next)
  return { history, birth: next.births, isSettled: flaw === 'no-birth', epochs }
}

/** Drops everything that was near. */
export function drop(self: Member): void {
  Object.assign(self, { near: notJoined.near, isConfirmed: false, confirms: false, toDrop: false })
}

/** Ends a membership; the gate closes as well where Redis itself was out of reach. */
export function leave(self: Member, closesGate: boolean): void {
  Object.assign(self, notJoined)
  if (closesGate) Object.assign(self, { gate: gateClosed, isCutOff: true, read: noRead })
}

/** Takes the hold of one writer away from a server. */
export function withoutHold({ entry, tag }: Server, bit: number): Partial<Server> {
  const owners = entry.mask & ~bit
  return {
    entry:
      entry.kind !== hold || (entry.mask & bit) === 0
        ? entry
        : owners === 0
          ? noEntry
          : { ...entry, mask: owners },
    tag: { ...tag, owners: tag.owners & ~bit },
  }
}
