import { noTrouble, type Setting, type Troubles } from './setting.ts'

/**
 * A model of the near tier for one entry, and for its tag where it has one. The entry's value is
 * the set of the writers that have committed (a bit mask), so that a near hit is stale exactly when
 * a bit is missing. A step is one script of Redis, one statement of PostgreSQL, the arrival of one
 * message, or one tick of every clock: members and writers that do nothing meanwhile are paused.
 */
export interface State {
  database: number
  /** Writers whose hold was lost and who have not released it: no promise meanwhile. */
  lostHolds: number
  /** Redis, and its replica where it has one. */
  servers: Server[]
  /** The server that is the master. */
  active: number
  /** How many of each were made; the next one gets the next number. */
  histories: number
  births: number
  epochs: number
  troubles: Troubles
  members: Member[]
  writers: Writer[]
}

/** A server of Redis. `history`: its run id and replication id. */
export interface Server {
  history: number
  entry: Entry
  tag: Tag
  hash: Hash | undefined
}

/** Kinds of an entry's key. */
export const absent = 0,
  value = 1,
  lease = 2,
  hold = 3

/**
 * The entry's key. `mask`: what a VALUE knows, who has a HOLD, or which process has a LEASE.
 * `history`, `version`: the server and the tag's version that a VALUE was loaded under.
 */
export interface Entry {
  readonly kind: number
  readonly mask: number
  readonly history: number
  readonly version: number
}

export const noEntry: Entry = { kind: absent, mask: 0, history: 0, version: 0 }

/** The tag's key. `version` stands for its nonce, which is another one after each hold. */
export interface Tag {
  readonly owners: number
  readonly version: number
}

/** The members' hash; `epochs` is a set of bits. */
export interface Hash {
  readonly history: number
  readonly birth: number
  readonly isSettled: boolean
  readonly epochs: number
}

/** Where a read stands. */
export const resting = 0,
  loaded = 1,
  answered = 2

/** A read, and its guard: the `epoch` that it began in, and whether it saw an invalidation. */
export interface Read {
  readonly at: number
  readonly epoch: number
  readonly isBroken: boolean
  readonly mask: number
  readonly version: number
  readonly history: number
}

export const noRead: Read = {
  at: resting,
  epoch: 0,
  isBroken: false,
  mask: 0,
  version: 0,
  history: 0,
}

/** A gate that is open, closed, or closed with the transactions under way noted. */
export const gateOpen = 0,
  gateClosed = 1,
  gateNoted = 2

/** Messages that a member finds in its inbox; from `change` on they are invalidations. */
export const renewed = 0,
  refused = 1,
  change = 2

/** Nothing is near. */
export const nothingNear = -1

/**
 * A process with a near tier. `epoch`: 0 when it has not joined. `isMember`: whether it knows that
 * it has. `server`, `history`: what it is connected to. `right`: ticks for which it may serve;
 * `pending`: what the renewal under way grants, -1 for none; `confirms`: whether that renewal was
 * asked for after the near value's arrival. `toDrop`: see the flaw of early acknowledgements.
 */
export interface Member {
  epoch: number
  isMember: boolean
  server: number
  history: number
  isSubscribed: boolean
  isCutOff: boolean
  gate: number
  awaited: number
  right: number
  pending: number
  confirms: boolean
  near: number
  isConfirmed: boolean
  toDrop: boolean
  inbox: readonly number[]
  read: Read
}

/** Where a writer stands. `listedFirst` is for a flaw. */
export const idle = 0,
  listedFirst = 1,
  held = 2,
  waiting = 3,
  committed = 4,
  releasing = 5,
  published = 6,
  done = 7

/**
 * A writer. `listed`, `acked`, `unrenewed`: epochs, as bits. `wait`: ticks that it still waits for
 * those that say nothing. `birth`: of the hash that it found unsettled, 0 for none. `round`: how
 * often it has published. `holdLeft`, `deadline`: ticks of its hold and of its transaction.
 */
export interface Writer {
  at: number
  listed: number
  acked: number
  unrenewed: number
  wait: number
  birth: number
  round: number
  holdLeft: number
  deadline: number
}

/** Everything is in order. */
export function initialState(setting: Setting): State {
  const hasReplica = (setting.troubles?.promotions ?? 0) > 0
  const hasJoined = setting.startsJoined === true
  const hash = { history: 1, birth: 0, isSettled: true, epochs: 0 }
  const server = {
    history: 1,
    entry: noEntry,
    tag: { owners: 0, version: 0 },
    hash: setting.isYoung === true ? undefined : hash,
  }
  const master = hasJoined ? { ...server, hash: { ...hash, epochs: 1 << 1 } } : server
  const joined = { epoch: 1, isMember: true, isSubscribed: true, right: setting.memberTicks }
  return {
    database: 0,
    lostHolds: 0,
    servers: hasReplica ? [master, { ...server, history: 0 }] : [master],
    active: 0,
    histories: 1,
    births: 0,
    epochs: hasJoined ? 1 : 0,
    troubles: { ...noTrouble, ...setting.troubles },
    members: Array.from({ length: setting.processes }, (_, index) =>
      hasJoined && index === 0 ? { ...newMember, ...joined } : newMember,
    ),
    writers: setting.writers.map(() => newWriter),
  }
}

/** What a process knows that has not joined. */
export const notJoined = {
  epoch: 0,
  isMember: false,
  isSubscribed: false,
  right: 0,
  pending: -1,
  confirms: false,
  near: nothingNear,
  isConfirmed: false,
  toDrop: false,
  inbox: [],
}

const newMember: Member = {
  ...notJoined,
  server: 0,
  history: 1,
  isCutOff: false,
  gate: gateOpen,
  awaited: 0,
  read: noRead,
}

const newWriter: Writer = {
  at: idle,
  listed: 0,
  acked: 0,
  unrenewed: 0,
  wait: 0,
  birth: 0,
  round: 0,
  holdLeft: 0,
  deadline: 0,
}
