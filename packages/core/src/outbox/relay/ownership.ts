import type { Clock } from '../../clock.ts'
import type { SqlClient } from '../../stores/sql-client.ts'
import type { FailureRow, Settled } from '../failures/park.ts'
import type { StuckShards } from '../failures/retry.ts'
import { loadStuck } from '../failures/stuck.ts'
import type { TickLog } from '../log/tick-log.ts'
import { shardCount } from '../log/shard.ts'
import { acknowledge, type Acknowledgement } from './acknowledge.ts'
import {
  claim,
  leave,
  pulse,
  reclaim,
  release,
  takeOverAfterMs,
  type OwnedShard,
  type Owning,
  type Position,
} from './cursor.ts'
import { ShardLease } from './shard-lease.ts'

/** Dependencies of an ownership. */
export interface OwnershipDeps {
  readonly sql: SqlClient
  readonly owning: Owning
  readonly clock: Clock
  /** The ticks that the positions refer to, and the history they are of. */
  readonly ticks: Pick<TickLog, 'history'>
}

/**
 * The shards that this relay owns for one sink, with their positions and the aggregates that are
 * stuck in them. Statements about them take turns, so that a pulse and an acknowledgement never
 * deadlock on each other's rows.
 */
export class Ownership implements StuckShards {
  readonly lease: ShardLease
  readonly #deps: OwnershipDeps
  readonly #shards = new Map<number, OwnedShard>()
  readonly #stuck = new Map<number, Set<string>>()
  #turn: Promise<unknown> = Promise.resolve()
  #share = { relays: 1, free: shardCount }
  #isRegistered = true
  #aloneSince: number | undefined
  #needsResync = false
  #hasUnsaved = false
  #savedAt = 0

  constructor(deps: OwnershipDeps) {
    this.#deps = deps
    this.lease = new ShardLease(deps.clock, deps.owning.leaseMs)
  }

  /** The shards with their positions. */
  get shards(): readonly OwnedShard[] {
    return [...this.#shards.values()]
  }

  get numbers(): readonly number[] {
    return [...this.#shards.keys()]
  }

  /** The aggregates of a shard that have failed events; changed in the loop alone. */
  stuckIn(shard: number): Set<string> {
    return this.#stuck.get(shard) ?? new Set()
  }

  /** Whether any aggregate is stuck. */
  get hasStuck(): boolean {
    return [...this.#stuck.values()].some((keys) => keys.size > 0)
  }

  /**
   * Whether this relay waits for those of a newer release, and has seen none for long: that release
   * was rolled back.
   */
  get isForsaken(): boolean {
    const since = this.#aloneSince
    return since !== undefined && this.#deps.clock.monotonic() - since >= takeOverAfterMs
  }

  /** Renews the leases, counts the relays of the sink, and drops shards that others have taken. */
  pulse(): Promise<void> {
    return this.#inTurn(async () => {
      const sentAt = this.#deps.clock.monotonic()
      const { isRegistered, relays, free, fences } = await pulse(this.#deps.sql, this.#deps.owning)
      this.lease.renewed(sentAt)
      this.#aloneSince = isRegistered || relays > 1 ? undefined : (this.#aloneSince ?? sentAt)
      this.#share = { relays, free: isRegistered ? free : 0 }
      const lost = this.shards.filter(({ shard, fence }) => fences.get(shard) !== fence)
      this.#drop(lost.map(({ shard }) => shard))
      if ([...fences.keys()].some((shard) => !this.#shards.has(shard))) this.#needsResync = true
      if (lost.length > 0) this.lease.interrupt('a shard was taken over by another relay')
      this.#noteRegistration(isRegistered)
    })
  }

  /**
   * Takes or releases shards until this relay owns its fair share; reads them again if need be.
   * Does nothing while the server is not known.
   */
  async balance(): Promise<void> {
    if (this.#deps.ticks.history === undefined) return
    if (this.#needsResync) await this.#resync()
    const { relays, free } = this.#share
    const surplus = this.#shards.size - Math.ceil(shardCount / relays)
    if (surplus > 0) await this.#release(this.shards.slice(-surplus))
    else if (surplus < 0 && free > 0) await this.#claim(-surplus)
  }

  /**
   * Refuses every acknowledgement until `balance` has read the positions again, under new fences.
   * For after an error, when the state of the database is unknown.
   */
  requireResync(): void {
    this.#needsResync = true
  }

  /**
   * Moves shards in memory alone, for `save` to write. If that fails, the events are delivered
   * again.
   */
  move(shards: readonly OwnedShard[], position: Position): void {
    for (const { shard } of shards) this.#move(shard, position)
    this.#hasUnsaved = true
  }

  /** Writes an acknowledgement, and drops the shards for which it did not count. */
  async acknowledge(written: Omit<Acknowledgement, 'sink' | 'history'>): Promise<void> {
    if (this.#needsResync)
      throw new Error(
        'the positions of the shards must be read again first: the events are redelivered',
      )
    const { sql, owning, ticks } = this.#deps
    const { history } = ticks
    const counted = await this.#inTurn(() =>
      acknowledge(sql, { ...written, sink: owning.sink.name, history }),
    )
    for (const { shard, ...position } of written.shards)
      if (counted.has(shard)) this.#move(shard, position)
    this.#drop(written.shards.map(({ shard }) => shard).filter((shard) => !counted.has(shard)))
  }

  writeFailures(
    shards: ReadonlySet<number>,
    rows: { readonly failures: readonly FailureRow[]; readonly settled: readonly Settled[] },
  ): Promise<void> {
    return this.acknowledge({
      shards: this.shards.filter(({ shard }) => shards.has(shard)),
      ...rows,
    })
  }

  /** Writes the positions that `move` changed, unless that was done less than `everyMs` ago. */
  async save(everyMs: number): Promise<void> {
    const now = this.#deps.clock.monotonic()
    if (!this.#hasUnsaved || now - this.#savedAt < everyMs) return
    await this.acknowledge({ shards: this.shards })
    this.#hasUnsaved = false
    this.#savedAt = now
  }

  /** Releases everything. */
  async leave(): Promise<void> {
    await this.#inTurn(() => leave(this.#deps.sql, this.#deps.owning))
    this.#drop(this.numbers)
  }

  /** Throws once when another relay has registered the sink with another mode or other types. */
  #noteRegistration(isRegistered: boolean): void {
    const wasRegistered = this.#isRegistered
    this.#isRegistered = isRegistered
    if (wasRegistered && !isRegistered)
      throw new Error(
        `sink ${this.#deps.owning.sink.name} was registered again with another mode or other types:` +
          ' relays with the old ones wait, as in a rolling deployment',
      )
  }

  #resync(): Promise<void> {
    return this.#inTurn(async () => {
      this.#drop(this.numbers)
      this.#needsResync = false
      try {
        await this.#adopt(
          await reclaim(this.#deps.sql, this.#deps.owning, this.#deps.ticks.history),
        )
        this.#hasUnsaved = false
      } catch (error) {
        this.#needsResync = true
        throw error
      }
    })
  }

  #claim(count: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#adopt(
        await claim(this.#deps.sql, this.#deps.owning, count, this.#deps.ticks.history),
      )
      this.#share = { ...this.#share, free: 0 }
    })
  }

  async #release(surplus: readonly OwnedShard[]): Promise<void> {
    const shards = surplus.map(({ shard }) => shard)
    await this.acknowledge({ shards: surplus })
    this.#drop(shards)
    await this.#inTurn(() => release(this.#deps.sql, this.#deps.owning, shards))
  }

  async #adopt(owned: readonly OwnedShard[]): Promise<void> {
    if (owned.length === 0) return
    const { sql, owning } = this.#deps
    const shards = owned.map(({ shard }) => shard)
    const stuck = await loadStuck(sql, owning.sink.name, shards)
    for (const shard of owned) {
      this.#shards.set(shard.shard, shard)
      this.#stuck.set(shard.shard, stuck.get(shard.shard) ?? new Set())
    }
  }

  #move(shard: number, position: Position & Partial<OwnedShard>): void {
    const owned = this.#shards.get(shard)
    if (owned !== undefined) this.#shards.set(shard, { ...owned, ...position, shard })
  }

  #drop(shards: readonly number[]): void {
    for (const shard of shards) {
      this.#shards.delete(shard)
      this.#stuck.delete(shard)
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }
}
