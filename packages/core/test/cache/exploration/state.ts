import { noTrouble, type Setting, type Troubles } from './setting.ts'

/**
 * A model of the cache protocol for one entry, and for its tag where it has one. The entry's value
 * is the set of the writers that have committed (a bit mask), so that a read is stale exactly when
 * a bit is missing that was set before the read began. Steps are single messages as Redis and
 * PostgreSQL carry them out; everything between two messages may happen in any order, and every
 * message may be the last of its process.
 */
export interface State {
  database: number
  entry: Entry
  tag: Tag
  saved: Contents | undefined
  run: number
  /** The other server of Redis: what it has, and the run id that it bears. */
  replica: (Contents & { run: number }) | undefined
  isUp: boolean
  /** Writers whose intent is written down. */
  intents: number
  /**
   * The writer whose intent is being settled: its keys are deleted, the intent is not; -1 for none.
   */
  settling: number
  /** The marker of the last flush, `noMarker` when it was evicted: a number for each flush. */
  marker: number
  /** The highest marker that was ever made. */
  markers: number
  /** Flushes that may still begin. */
  flushes: number
  /** Writers whose intents are being settled by a flush. */
  flushing: number
  /** The marker of the flush that settled the first writer's intent. */
  flushedBy: number
  /** Writers whose hold was evicted and who have not released it. */
  lostHolds: number
  /** What may still go wrong. */
  troubles: Troubles
  writers: Writer[]
  readers: Reader[]
  processes: Process[]
  /** The last nonce that was made: no state has it twice. */
  nonces: number
}

/** What a server of Redis has. */
export interface Contents {
  readonly entry: Entry
  readonly tag: Tag
  readonly marker: number
}

/** Kinds of a key. */
export const absent = 0,
  value = 1,
  lease = 2,
  hold = 3,
  tagged = 4

/** Where the marker of the last flush was evicted. */
export const noMarker = 9

/**
 * The entry's key. `run`: the server and the flush that it is from, see `cacheIdOf`. `mask`: what a
 * VALUE knows, or who has a HOLD. `nonce`: of a VALUE or a LEASE. `tag`: the nonce under which a
 * VALUE was loaded.
 */
export interface Entry {
  kind: number
  mask: number
  run: number
  nonce: number
  tag: number
}

/** The tag's key. `mask`: who has a HOLD. */
export interface Tag {
  kind: number
  mask: number
  nonce: number
}

/** Where a writer stands. */
export const idle = 0,
  ready = 1,
  commitSent = 2,
  ended = 3,
  done = 4,
  crashed = 5,
  unknown = 6,
  wantsIntent = 7

/** What the server made of a writer's transaction. */
export const open = 0,
  committed = 1,
  aborted = 2

/**
 * `left`: what it has still to hold or to release, 1 for the entry and 2 for the tag. `hasId`:
 * whether its transaction can be seen by a gate. `isForeign`: whether another server answers now
 * than the one that its transaction ran on.
 */
export interface Writer {
  at: number
  hasId: boolean
  transaction: number
  isCommitSent: boolean
  isForeign: boolean
  left: number
}

/** Where a reader stands. */
export const resting = 0,
  sawEntry = 1,
  sawTag = 2,
  missed = 3,
  leading = 4,
  loaded = 5,
  fillSent = 6,
  fillAnswered = 7,
  tagsRead = 8
/**
 * Where a reader stands that waits for another one's load, was told what became of it, or loads
 * without the cache.
 */
export const following = 9,
  told = 10,
  passing = 11,
  passed = 12

/**
 * `required`: what it must not miss. `look`: what it saw of the keys. `seen`, `keeps`: the VALUE
 * that it wants to replace, and whether that answers meanwhile. `run`: the server that it trusts.
 * `nonce`, `tag`: of its lease and of the tag, 0 until it has them.
 */
export interface Reader {
  at: number
  readsLeft: number
  required: number
  look: Entry | Tag | undefined
  seen: number
  keeps: boolean
  run: number
  nonce: number
  tag: number
  loaded: number
  accepted: boolean
  leader: number
}

/**
 * A process: its gate, and what it knows of the intents, of the last flush and of the transactions
 * under way.
 */
export interface Process {
  isGateOpen: boolean
  sawNoIntent: boolean
  /** Whether it has read the marker since it saw no intent. */
  hasReadMarker: boolean
  marker: number
  hasNoted: boolean
  awaited: number
}

const nothing: Entry = { kind: absent, mask: 0, run: 0, nonce: 0, tag: 0 }
const atRest = {
  at: resting,
  required: 0,
  look: undefined,
  seen: 0,
  keeps: false,
  run: 0,
  nonce: 0,
  tag: 0,
  loaded: 0,
  accepted: false,
  leader: -1,
}

/** An entry's key without anything. */
export function noEntry(): Entry {
  return { ...nothing }
}

/** A tag's key without anything. */
export function noTag(): Tag {
  return { kind: absent, mask: 0, nonce: 0 }
}

/** Ends a read. */
export function rest(reader: Reader): void {
  Object.assign(reader, atRest)
}

/** What a writer has to hold. */
export function targetsOf(setting: Setting, writer: number): number {
  return { entry: 1, tag: 2, both: 3 }[setting.writers[writer] ?? 'entry']
}

export function initialState(setting: Setting): State {
  return {
    database: 0,
    entry: noEntry(),
    tag: noTag(),
    saved: undefined,
    run: 0,
    replica:
      setting.returns?.includes('failover') === true
        ? { entry: noEntry(), tag: noTag(), marker: 0, run: 1 }
        : undefined,
    isUp: true,
    intents: 0,
    settling: -1,
    marker: 0,
    markers: 0,
    flushes: setting.flushes ?? 0,
    flushing: 0,
    flushedBy: 0,
    lostHolds: 0,
    troubles: { ...noTrouble, ...setting.troubles },
    writers: setting.writers.map((_, index) => ({
      at: idle,
      hasId: setting.idComesLate !== true,
      transaction: open,
      isCommitSent: false,
      isForeign: false,
      left: targetsOf(setting, index),
    })),
    readers: Array.from({ length: setting.readers }, () => ({
      ...atRest,
      readsLeft: setting.readsPerReader,
    })),
    processes: Array.from({ length: setting.sameProcess === true ? 1 : setting.readers }, () => ({
      isGateOpen: true,
      sawNoIntent: false,
      hasReadMarker: false,
      marker: 0,
      hasNoted: true,
      awaited: 0,
    })),
    nonces: 0,
  }
}
