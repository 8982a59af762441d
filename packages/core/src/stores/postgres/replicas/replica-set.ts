import type { CallOptions } from '../../../call-options.ts'
import { LoadScope } from '../../../load-scope.ts'
import type { SqlResult } from '../../sql-client.ts'
import type { StoreContext } from '../../store-kind.ts'
import type { StatementBehind } from '../postgres-store.ts'
import type { CheckedFreshness } from './freshness.ts'
import { PassedOver, type PassedOverReason, type ReplicaState } from './passed-over.ts'
import { isSameHistory, type Position } from './position.ts'
import { PrimaryTrail } from './primary-trail.ts'
import { looksOfTheLost, type Replica, type ReplicaRead } from './replica.ts'

/** Dependencies of a {@link ReplicaSet}. */
export interface ReplicaSetDeps extends StoreContext {
  readonly replicas: readonly Replica[]
  /** Asks the primary for its position; rejects when it does not answer. */
  readonly askPrimary: (deadlineMs: number) => Promise<Position>
}

/** Options of a {@link ReplicaSet}. */
export interface ReplicaSetOptions {
  /** Pause between two looks, in milliseconds. */
  readonly replicaLookEveryMs: number
  /** Time in which a replica has to begin its answer once it is connected, in milliseconds. */
  readonly replicaPatienceMs: number
}

/** A read that may go to a replica. */
export interface FreshRead {
  readonly statement: StatementBehind
  readonly freshness: CheckedFreshness
  readonly call: CallOptions
}

/** Time of one look at a server, in milliseconds. */
const lookMs = 1_000

/**
 * The replicas of a primary. Looks at all of them and at the primary from time to time, and lets
 * one answer a read when it is known to be fresh enough. Whatever is wrong with them, the caller
 * does not hear of it: the primary is asked then.
 */
export class ReplicaSet {
  readonly #deps: ReplicaSetDeps
  readonly #options: ReplicaSetOptions
  readonly #trail = new PrimaryTrail()
  readonly #states = new Map<Replica, ReplicaState>()
  readonly #looks = new Map<object, Promise<void>>()
  readonly #firstLook = Promise.withResolvers<void>()
  #turn = 0
  #isStopped = false
  #timer: NodeJS.Timeout | undefined

  constructor(deps: ReplicaSetDeps, options: ReplicaSetOptions) {
    this.#deps = deps
    this.#options = options
    if (deps.replicas.length > 0) this.#lookIn(0)
    else this.#firstLook.resolve()
  }

  /** Resolves after the first look at everything, whatever it found. */
  get firstLook(): Promise<void> {
    return this.#firstLook.promise
  }

  /** The answer of a replica; `undefined` when the primary is to be asked. */
  async read(read: FreshRead): Promise<SqlResult<object> | undefined> {
    const { replicas, diagnostics } = this.#deps
    if (replicas.length === 0) return undefined
    const bar = this.#barOf(read.freshness)
    const answer = typeof bar === 'string' ? bar : await this.#ask(read, bar)
    if (typeof answer !== 'string') return answer
    diagnostics.emit('replica:passed-over', { reason: answer })
    return undefined
  }

  async close(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#firstLook.resolve()
    const graceMs = looksOfTheLost * lookMs
    const closed = this.#deps.replicas.map((replica) => replica.close(graceMs))
    await Promise.all([...this.#looks.values(), ...closed])
  }

  destroy(): void {
    for (const replica of this.#deps.replicas) replica.destroy()
  }

  /** What a replica must have replayed, or why there is nothing of that kind. */
  #barOf({ after, maxLagMs }: CheckedFreshness): Position | PassedOverReason {
    const { latest } = this.#trail
    // What a loader returns is cached, and must not be older than the change that emptied the key.
    if (LoadScope.current !== undefined) return 'cache-load'
    if (after === undefined && maxLagMs === undefined) return 'no-bound'
    if (latest === undefined) return 'primary-unknown'
    if (after !== undefined && !isSameHistory(after, latest)) return 'other-history'
    const own = after?.lsn ?? 0n
    if (maxLagMs === undefined) return { ...latest, lsn: own }
    const first = this.#trail.firstSince(this.#deps.clock.monotonic() - maxLagMs)
    return first === undefined ? 'lag-unknown' : { ...latest, lsn: first > own ? first : own }
  }

  async #ask(read: FreshRead, bar: Position): Promise<SqlResult<object> | PassedOverReason> {
    const candidates = this.#inTurn().filter((replica) => replica.stateFor(bar) === 'usable')
    const { replicaPatienceMs: patienceMs } = this.#options
    const { deadlineMs = Infinity } = read.call
    // Half of the deadline is left for the primary.
    const endMs = this.#deps.clock.monotonic() + deadlineMs / 2
    let reason = this.#whyNone(bar)
    for (const [index, replica] of candidates.entries()) {
      const left = candidates.length - index
      const nowMs = this.#deps.clock.monotonic()
      // One that hangs leaves the others their share.
      const shareMs = Math.max(1, (endMs - nowMs) / left)
      const answer = await this.#askOne(replica, {
        ...read,
        bar,
        connectMs: Math.min(patienceMs / candidates.length, shareMs),
        patienceMs,
        endMs: nowMs + shareMs,
        isWaitedFor: left === 1,
      })
      if (typeof answer !== 'string') return answer
      reason = answer
    }
    return reason
  }

  async #askOne(
    replica: Replica,
    read: ReplicaRead,
  ): Promise<SqlResult<object> | PassedOverReason> {
    const { diagnostics, replicas, clock } = this.#deps
    const startedMs = clock.monotonic()
    try {
      const answer = await replica.read(read)
      const durationMs = clock.monotonic() - startedMs
      diagnostics.emit('replica:read', { replica: replicas.indexOf(replica), durationMs })
      return answer
    } catch (error) {
      if (error instanceof PassedOver) return error.reason
      throw error
    }
  }

  #whyNone(bar: Position): PassedOverReason {
    const states = this.#deps.replicas.map((replica) => replica.stateFor(bar))
    const [first = 'down'] = states.filter((state) => state !== 'usable')
    return first
  }

  /** Begins with another one each time. */
  #inTurn(): readonly Replica[] {
    const { replicas } = this.#deps
    this.#turn = (this.#turn + 1) % replicas.length
    return [...replicas.slice(this.#turn), ...replicas.slice(0, this.#turn)]
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      void this.#lookAtAll().then(() => {
        this.#firstLook.resolve()
        this.#lookSoonAtTheUnseen()
      })
      this.#lookIn(this.#options.replicaLookEveryMs)
    }, ms)
    this.#timer.unref()
  }

  /** A first look that fails is not the last one for a long time, however rare looks are. */
  #lookSoonAtTheUnseen(): void {
    const wereSeen =
      this.#trail.latest !== undefined && this.#deps.replicas.every(({ wasSeen }) => wasSeen)
    if (wereSeen || this.#isStopped || this.#options.replicaLookEveryMs <= lookMs) return
    this.#lookIn(lookMs)
  }

  async #lookAtAll(): Promise<void> {
    const { replicas } = this.#deps
    // What a replica is held to is where the primary was a look ago: it may have what came since.
    const wanted = this.#trail.latest?.lsn ?? 0n
    await Promise.all([
      this.#lookAt(this.#trail, () => this.#lookAtPrimary()),
      ...replicas.map((replica) => this.#lookAt(replica, () => replica.look(wanted, lookMs))),
    ])
  }

  /** Looks at one server; what is silent delays no look at another one. */
  async #lookAt(server: object, look: () => Promise<void>): Promise<void> {
    const looking = this.#looks.get(server) ?? look()
    this.#looks.set(server, looking)
    await looking
    this.#looks.delete(server)
    if (!this.#isStopped) this.#report()
  }

  async #lookAtPrimary(): Promise<void> {
    const { askPrimary, clock } = this.#deps
    const askedMs = clock.monotonic()
    const position = await askPrimary(lookMs).catch(() => undefined)
    if (position !== undefined) this.#trail.add(position, askedMs)
  }

  #report(): void {
    const { latest } = this.#trail
    if (latest === undefined) return
    for (const [index, replica] of this.#deps.replicas.entries()) {
      if (!replica.wasLookedAt) continue
      const state = replica.stateFor(latest)
      if (state === this.#states.get(replica)) continue
      this.#states.set(replica, state)
      this.#deps.diagnostics.emit('replica:state', { replica: index, state })
    }
  }
}
