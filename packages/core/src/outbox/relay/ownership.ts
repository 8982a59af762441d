import type { Clock } from '../../clock.ts'
import type { SqlClient } from '../../stores/sql-client.ts'
import { acknowledge, type Acknowledgement } from './acknowledge.ts'
import { shardCount } from '../log/shard.ts'
import {
  claim,
  leave,
  pulse,
  reclaim,
  release,
  type OwnedShard,
  type Owning,
  type Position,
} from './cursor.ts'
import { Lease } from './shard-lease.ts'
import { loadStuck } from '../failures/stuck.ts'

/**
 * The shards that this relay owns for one sink, with their positions and the aggregates that are
 * stuck in them. Statements about them take turns, so that the pulse and an acknowledgement never
 * wait for each other's rows in a circle.
 */
export class Ownership {
  readonly lease: Lease
  readonly #sql: SqlClient
  readonly #owning: Owning
  readonly #clock: Clock
  readonly #shards = new Map<number, OwnedShard>()
  readonly #stuck = new Map<number, Set<string>>()
  #turn: Promise<unknown> = Promise.resolve()
  #share = { relays: 1, free: shardCount }
  #isInDoubt = false
  #hasUnsaved = false
  #savedMs = 0

  constructor({
    sql,
    owning,
    clock,
  }: {
    readonly sql: SqlClient
    readonly owning: Owning
    readonly clock: Clock
  }) {
    this.#sql = sql
    this.#owning = owning
    this.#clock = clock
    this.lease = new Lease(clock, owning.leaseMs)
  }

  /** The shards with their positions. */
  get shards(): readonly OwnedShard[] {
    return [...this.#shards.values()]
  }

  /**
   * The aggregates of a shard that have events in the table of failures; changed by whoever parks
   * and unparks, in the loop alone.
   */
  stuckIn(shard: number): Set<string> {
    return this.#stuck.get(shard) ?? new Set()
  }

  /** Whether any aggregate is stuck. */
  get hasStuck(): boolean {
    return [...this.#stuck.values()].some((keys) => keys.size > 0)
  }

  /**
   * Renews the leases, learns how many relays share the sink, and lets go of what others have
   * taken.
   */
  beat(): Promise<void> {
    return this.#inTurn(async () => {
      const sentMs = this.#clock.monotonic()
      const { relays, free, fences } = await pulse(this.#sql, this.#owning)
      this.lease.renewed(sentMs)
      this.#share = { relays, free }
      const lost = this.shards.filter(({ shard, fence }) => fences.get(shard) !== fence)
      this.#drop(lost.map(({ shard }) => shard))
      if ([...fences.keys()].some((shard) => !this.#shards.has(shard))) this.#isInDoubt = true
      if (lost.length > 0) this.lease.interrupt('a shard was taken over by another relay')
    })
  }

  /**
   * Brings what is owned in line with the fair share: reads everything anew after a doubt, gives
   * surplus back, takes what is free.
   */
  async settle(): Promise<void> {
    if (this.#isInDoubt) await this.#readAnew()
    const { relays, free } = this.#share
    const fair = Math.ceil(shardCount / relays)
    const surplus = this.#shards.size - fair
    if (surplus > 0) await this.#giveBack(this.shards.slice(-surplus))
    else if (surplus < 0 && free > 0) await this.#take(-surplus)
  }

  /**
   * After an error nobody knows what the database holds: nothing is acknowledged any more until
   * `settle` has read it, under new fences.
   */
  doubt(): void {
    this.#isInDoubt = true
  }

  /**
   * Moves shards on in memory alone, to be written down by `save`: should that not come to pass,
   * the events are delivered again.
   */
  pass(shards: readonly OwnedShard[], position: Position): void {
    for (const { shard } of shards) this.#move(shard, position)
    this.#hasUnsaved = true
  }

  /** Writes an acknowledgement; shards for which it did not count are let go. */
  async acknowledge(written: Omit<Acknowledgement, 'sink'>): Promise<void> {
    if (this.#isInDoubt)
      throw new Error(
        'the positions of the shards are in doubt: what was handed over is delivered again',
      )
    const counted = await this.#inTurn(() =>
      acknowledge(this.#sql, { ...written, sink: this.#owning.sink }),
    )
    for (const { shard, ...position } of written.shards)
      if (counted.has(shard)) this.#move(shard, position)
    this.#drop(written.shards.map(({ shard }) => shard).filter((shard) => !counted.has(shard)))
  }

  /** Writes down where shards were moved in memory, when that was `afterMs` ago. */
  async save(afterMs: number): Promise<void> {
    const nowMs = this.#clock.monotonic()
    if (!this.#hasUnsaved || nowMs - this.#savedMs < afterMs) return
    await this.acknowledge({ shards: this.shards })
    this.#hasUnsaved = false
    this.#savedMs = nowMs
  }

  /** Gives everything back. */
  async leave(): Promise<void> {
    await this.#inTurn(() => leave(this.#sql, this.#owning))
    this.#drop([...this.#shards.keys()])
  }

  #readAnew(): Promise<void> {
    return this.#inTurn(async () => {
      this.#drop([...this.#shards.keys()])
      this.#isInDoubt = false
      try {
        await this.#adopt(await reclaim(this.#sql, this.#owning))
        this.#hasUnsaved = false
      } catch (error) {
        this.#isInDoubt = true
        throw error
      }
    })
  }

  #take(count: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#adopt(await claim(this.#sql, this.#owning, count))
      this.#share = { ...this.#share, free: 0 }
    })
  }

  async #giveBack(surplus: readonly OwnedShard[]): Promise<void> {
    const shards = surplus.map(({ shard }) => shard)
    await this.acknowledge({ shards: surplus })
    this.#drop(shards)
    await this.#inTurn(() => release(this.#sql, this.#owning, shards))
  }

  async #adopt(owned: readonly OwnedShard[]): Promise<void> {
    if (owned.length === 0) return
    const stuck = await loadStuck(
      this.#sql,
      this.#owning.sink,
      owned.map(({ shard }) => shard),
    )
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
