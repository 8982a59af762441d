import type { Step } from './explore.ts'

/**
 * A model of the cache protocol for one key whose value is the set of the writers that have committed (a bit mask), so that a read is stale
 * exactly when a bit is missing that was set before the read began. Steps are single messages as Redis and PostgreSQL carry them out;
 * everything between two messages may happen in any order, and every message may be the last of its process.
 */
export interface Setting {
  /** Number of writers, each with one transaction. */
  readonly writers: number
  /** Number of readers, each in a process of its own unless `sameProcess`. */
  readonly readers: number
  /** Reads that each reader makes. */
  readonly readsPerReader: number
  /** The readers live in one process and share loads. */
  readonly sameProcess?: boolean
  /** How often a VALUE may vanish by eviction. */
  readonly evictions?: number
  /** How often Redis may become unreachable for everybody. */
  readonly outages?: number
  /** What Redis may come back with. */
  readonly returns?: readonly ('intact' | 'empty' | 'snapshot')[]
  /** Transactions may lose their connection while COMMIT is under way. */
  readonly unknownCommits?: boolean
}

/**
 * Ways to build the protocol wrongly; the control of the exploration.
 */
export type Flaw =
  | 'delete-after-commit'
  | 'lease-without-hold'
  | 'hold-without-owner'
  | 'release-deletes-any-hold'
  | 'followers-join-after-fill-was-sent'
  | 'followers-trust-a-rejected-fill'
  | 'release-while-commit-is-unknown'
  | 'gate-looks-at-committed-events-only'
  | 'gate-forgets-the-second-outage'
  | 'gate-ignores-transactions-under-way'
  | 'no-gate'
  | 'no-run-id'

/** Kinds of a key. */
const absent = 0, value = 1, lease = 2, hold = 3

/** Where a writer stands. */
const idle = 0, ready = 1, commitSent = 2, ended = 3, done = 4, crashed = 5, unknown = 6, wantsIntent = 7

/** What the server made of a writer's transaction. */
const open = 0, committed = 1, aborted = 2

/** Where a reader stands. */
const resting = 0, missed = 1, leased = 2, loaded = 3, fillSent = 4, fillAnswered = 5, waiting = 6, following = 7, told = 8

interface Key { kind: number; mask: number; run: number }
interface Writer { at: number; transaction: number; isCommitSent: boolean }
interface Reader { at: number; required: number; loaded: number; accepted: boolean; leader: number; readsLeft: number }
interface Process { isGateOpen: boolean; sawNoIntent: boolean; awaited: number; handling: number }

export interface State {
  database: number
  key: Key
  saved: Key | undefined
  run: number
  isUp: boolean
  intents: number
  evictions: number
  outages: number
  writers: Writer[]
  readers: Reader[]
  processes: Process[]
}

export function initialState(setting: Setting): State {
  const processes = setting.sameProcess === true ? 1 : setting.readers
  return {
    database: 0,
    key: { kind: absent, mask: 0, run: 0 },
    saved: undefined,
    run: 0,
    isUp: true,
    intents: 0,
    evictions: setting.evictions ?? 0,
    outages: setting.outages ?? 0,
    writers: Array.from({ length: setting.writers }, () => ({ at: idle, transaction: open, isCommitSent: false })),
    readers: Array.from({ length: setting.readers }, () => ({ at: resting, required: 0, loaded: 0, accepted: false, leader: -1, readsLeft: setting.readsPerReader })),
    processes: Array.from({ length: processes }, () => ({ isGateOpen: true, sawNoIntent: false, awaited: 0, handling: 0 })),
  }
}

/** A short text that is the same for equal states and differs for different ones: one character for each number of the state. */
export function identify(state: State): string {
  const { key, saved, writers, readers, processes } = state
  const numbers = [
    state.database, key.kind, key.mask, key.run, state.run, Number(state.isUp), state.intents, state.evictions, state.outages,
    ...(saved === undefined ? [9] : [saved.kind, saved.mask, saved.run]),
  ]
  for (const { at, transaction, isCommitSent } of writers) numbers.push(at, transaction, Number(isCommitSent))
  for (const { at, required, loaded, accepted, leader, readsLeft } of readers) numbers.push(at, required, loaded, Number(accepted), leader + 1, readsLeft)
  for (const { isGateOpen, sawNoIntent, awaited, handling } of processes) numbers.push(Number(isGateOpen), Number(sawNoIntent), awaited, handling)
  return String.fromCharCode(...numbers)
}

function copyOf(state: State): State {
  return {
    ...state,
    key: { ...state.key },
    writers: state.writers.map((writer) => ({ ...writer })),
    readers: state.readers.map((reader) => ({ ...reader })),
    processes: state.processes.map((process) => ({ ...process })),
  }
}

export function protocol(setting: Setting, flaw?: Flaw): (state: State) => Iterable<Step<State>> {
  return (state) => new Moves(state, setting, flaw).all()
}

class Moves {
  readonly #state: State
  readonly #setting: Setting
  readonly #flaw: Flaw | undefined

  constructor(state: State, setting: Setting, flaw: Flaw | undefined) {
    this.#state = state
    this.#setting = setting
    this.#flaw = flaw
  }

  *all(): Iterable<Step<State>> {
    for (const index of this.#state.writers.keys()) yield* this.#writer(index)
    for (const index of this.#state.readers.keys()) yield* this.#reader(index)
    for (const index of this.#state.processes.keys()) yield* this.#gate(index)
    yield* this.#server()
  }

  #step(name: string, change: (next: State) => void): Step<State> {
    const next = copyOf(this.#state)
    change(next)
    return { name, next }
  }

  * #writer(index: number): Iterable<Step<State>> {
    const writer = this.#state.writers[index] as Writer
    const bit = 1 << index
    const move = (name: string, change: (next: State, self: Writer) => void) =>
      this.#step(`writer ${index}: ${name}`, (next) => { change(next, next.writers[index] as Writer) })
    const usesHolds = this.#flaw !== 'delete-after-commit' && this.#flaw !== 'lease-without-hold'

    if (writer.at < done) yield move('crash', (_, self) => { if (!self.isCommitSent) self.transaction = aborted; self.at = crashed })
    if (writer.at === idle) {
      if (!usesHolds) yield move('run', (_, self) => { self.at = ready })
      else if (this.#state.isUp) yield move('hold', (next, self) => { this.#hold(next, bit); self.at = ready })
      else yield move('hold fails', (_, self) => { self.at = wantsIntent })
    }
    if (writer.at === wantsIntent) {
      yield move('intent', (next, self) => {
        if (this.#flaw !== 'gate-looks-at-committed-events-only') next.intents |= bit
        if (next.isUp) this.#hold(next, bit)
        self.at = ready
      })
    }
    if (writer.at === ready) {
      yield move('send COMMIT', (_, self) => { self.at = commitSent; self.isCommitSent = true })
      yield move('ROLLBACK', (_, self) => { self.transaction = aborted; self.at = ended })
    }
    if (writer.at === commitSent && writer.transaction === committed) yield move('hear of the commit', (_, self) => { self.at = ended })
    if (writer.at === commitSent && this.#setting.unknownCommits === true) yield move('lose the connection', (_, self) => { self.at = unknown })
    if (writer.at === unknown) {
      if (writer.transaction !== open || this.#flaw === 'release-while-commit-is-unknown') yield move('ask and end', (_, self) => { self.at = ended })
      yield move('give up asking', (_, self) => { self.at = done })
    }
    if (writer.at === ended) {
      if (this.#state.isUp) yield move('release', (next, self) => { this.#release(next, bit); self.at = done })
      else yield move('release fails', (_, self) => { self.at = done })
    }
    if (writer.isCommitSent && writer.transaction === open) {
      yield move('COMMIT is carried out', (next, self) => {
        self.transaction = committed
        next.database |= bit
        if (this.#flaw === 'gate-looks-at-committed-events-only' && !next.isUp) next.intents |= bit
      })
      if (writer.at !== commitSent) yield move('COMMIT is lost', (_, self) => { self.transaction = aborted })
    }
  }

  #hold(next: State, bit: number): void {
    const owners = next.key.kind === hold && this.#flaw !== 'hold-without-owner' ? next.key.mask : 0
    next.key = { kind: hold, mask: owners | bit, run: 0 }
  }

  #release(next: State, bit: number): void {
    const { kind, mask } = next.key
    const usesHolds = this.#flaw !== 'delete-after-commit' && this.#flaw !== 'lease-without-hold'
    const deletes = kind !== hold || !usesHolds || this.#flaw === 'release-deletes-any-hold' || this.#flaw === 'hold-without-owner'
    if (deletes) next.key = { kind: absent, mask: 0, run: 0 }
    else if ((mask & ~bit) === 0) next.key = { kind: absent, mask: 0, run: 0 }
    else next.key = { kind: hold, mask: mask & ~bit, run: 0 }
  }

  * #reader(index: number): Iterable<Step<State>> {
    const reader = this.#state.readers[index] as Reader
    const home = this.#setting.sameProcess === true ? 0 : index
    const move = (name: string, change: (next: State, self: Reader) => void) =>
      this.#step(`reader ${index}: ${name}`, (next) => { change(next, next.readers[index] as Reader) })
    const rest = (self: Reader) => { Object.assign(self, { at: resting, required: 0, loaded: 0, accepted: false, leader: -1 }) }
    const answers = (name: string, mask: number, required: number): Step<State> => ({
      ...move(name, (_, self) => { rest(self); if (reader.at === resting) self.readsLeft-- }),
      isViolation: (required & ~mask) !== 0,
    })
    const { key, isUp, database } = this.#state
    const isTrusted = isUp && (this.#state.processes[home] as Process).isGateOpen
    const isHit = key.kind === value && (key.run === this.#state.run || this.#flaw === 'no-run-id')

    if (reader.at === resting && reader.readsLeft > 0) {
      if (isTrusted && isHit) yield answers('hit', key.mask, database)
      else if (isTrusted) yield move('miss', (_, self) => { self.at = missed; self.required = database; self.readsLeft-- })
      const leader = this.#leaderOf(index)
      if (leader !== undefined) yield move('join', (_, self) => { self.at = following; self.leader = leader; self.required = database; self.readsLeft-- })
    }
    if (reader.at === missed) {
      if (!isTrusted || key.kind === hold) yield move('read the source', (_, self) => { rest(self) })
      else if (isHit) yield answers('hit at lease', key.mask, reader.required)
      else if (key.kind === lease && this.#flaw !== 'delete-after-commit') yield move('wait', (_, self) => { self.at = waiting })
      else yield move('lease', (next, self) => { next.key = { kind: lease, mask: index, run: 0 }; self.at = leased })
    }
    if (reader.at === leased) yield move('load', (_, self) => { self.loaded = database; self.at = loaded })
    if (reader.at === loaded) yield move('send fill', (_, self) => { self.at = fillSent })
    if (reader.at === fillSent) {
      if (isUp) yield move('fill is carried out', (next, self) => { self.accepted = this.#fill(next, index, self.loaded); self.at = fillAnswered })
      else yield move('fill is lost', (_, self) => { self.at = fillAnswered })
    }
    if (reader.at === fillAnswered) {
      yield move('hear of the fill', (next, self) => {
        for (const follower of next.readers) if (follower.leader === index) Object.assign(follower, { at: told, loaded: self.loaded, accepted: self.accepted, leader: -1 })
        rest(self)
      })
    }
    if (reader.at === waiting) {
      if (isTrusted && isHit) yield answers('hit after waiting', key.mask, reader.required)
      yield move('read the source after waiting', (_, self) => { rest(self) })
    }
    if (reader.at === told) {
      if (reader.accepted || this.#flaw === 'followers-trust-a-rejected-fill') yield answers('share the load', reader.loaded, reader.required)
      else yield move('load alone', (_, self) => { rest(self) })
    }
  }

  #leaderOf(index: number): number | undefined {
    if (this.#setting.sameProcess !== true) return undefined
    const last = this.#flaw === 'followers-join-after-fill-was-sent' ? fillAnswered : loaded
    const leader = this.#state.readers.findIndex((reader, other) => other !== index && reader.at >= leased && reader.at <= last)
    return leader === -1 ? undefined : leader
  }

  #fill(next: State, index: number, mask: number): boolean {
    const isMine = next.key.kind === lease && next.key.mask === index
    if (!isMine && this.#flaw !== 'delete-after-commit') return false
    next.key = { kind: value, mask, run: next.run }
    return true
  }

  // A process whose connection was lost reads the source until it has seen no intent, and every transaction under way when Redis came back
  // has ended; intents whose transaction has ended are carried out by whoever sees them.
  * #gate(index: number): Iterable<Step<State>> {
    const process = this.#state.processes[index] as Process
    if (!this.#state.isUp) return
    const move = (name: string, change: (next: State, self: Process) => void) =>
      this.#step(`process ${index}: ${name}`, (next) => { change(next, next.processes[index] as Process) })
    const due = this.#state.writers.findIndex((writer, other) => (this.#state.intents & (1 << other)) !== 0 && writer.transaction !== open)
    if (process.handling === 0 && due !== -1) {
      yield move('delete the key of an intent', (next, self) => {
        if (next.key.kind !== hold) next.key = { kind: absent, mask: 0, run: 0 }
        self.handling = 1 << due
      })
    }
    if (process.handling !== 0) yield move('delete the intent', (next, self) => { next.intents &= ~self.handling; self.handling = 0 })
    if (process.isGateOpen || process.handling !== 0) return
    if (!process.sawNoIntent && this.#state.intents === 0) {
      yield move('see no intent', (_, self) => { self.sawNoIntent = true; self.awaited = this.#underWay() })
    }
    if (process.sawNoIntent && (process.awaited & this.#underWay()) === 0) {
      yield move('open the gate', (_, self) => { Object.assign(self, { isGateOpen: true, sawNoIntent: false, awaited: 0 }) })
    }
  }

  #underWay(): number {
    if (this.#flaw === 'gate-ignores-transactions-under-way') return 0
    return this.#state.writers.reduce((mask, writer, index) => writer.at !== idle && writer.at !== wantsIntent && writer.transaction === open ? mask | (1 << index) : mask, 0)
  }

  * #server(): Iterable<Step<State>> {
    const { key, isUp, outages, evictions, saved } = this.#state
    if (key.kind === value && evictions > 0) yield this.#step('eviction', (next) => { next.key = { kind: absent, mask: 0, run: 0 }; next.evictions-- })
    if (key.kind === lease) yield this.#step('lease expires', (next) => { next.key = { kind: absent, mask: 0, run: 0 } })
    if (key.kind === hold) {
      for (const [index, writer] of this.#state.writers.entries()) {
        if ((key.mask & (1 << index)) === 0 || writer.transaction === open) continue
        yield this.#step(`hold of writer ${index} expires`, (next) => {
          const mask = key.mask & ~(1 << index)
          next.key = mask === 0 ? { kind: absent, mask: 0, run: 0 } : { kind: hold, mask, run: 0 }
        })
      }
    }
    if (isUp && outages > 0) {
      yield this.#step('outage', (next) => {
        next.isUp = false
        next.outages--
        for (const process of next.processes) {
          if (this.#flaw !== 'no-gate') process.isGateOpen = false
          if (this.#flaw !== 'gate-forgets-the-second-outage') process.sawNoIntent = false
        }
      })
    }
    if (isUp && saved === undefined && key.kind === value && this.#setting.returns?.includes('snapshot') === true) {
      yield this.#step('snapshot is saved', (next) => { next.saved = { ...key } })
    }
    if (!isUp) yield* this.#returns()
  }

  * #returns(): Iterable<Step<State>> {
    const returns = this.#setting.returns ?? ['intact']
    if (returns.includes('intact')) yield this.#step('Redis returns intact', (next) => { next.isUp = true })
    if (returns.includes('empty')) {
      yield this.#step('Redis returns empty', (next) => { next.isUp = true; next.run++; next.key = { kind: absent, mask: 0, run: 0 } })
    }
    if (returns.includes('snapshot') && this.#state.saved !== undefined) {
      yield this.#step('Redis returns with a snapshot', (next) => { next.isUp = true; next.run++; next.key = { ...(next.saved as Key) } })
    }
  }
}
