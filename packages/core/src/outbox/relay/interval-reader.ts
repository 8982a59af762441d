import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import type { SqlClient } from '../../stores/sql-client.ts'
import type { LoggedEvent } from '../log/event.ts'
import {
  Chunk,
  findBounds,
  readNarrow,
  readWide,
  type Bounds,
  type Interval,
} from '../log/read-events.ts'
import type { TickLog } from '../log/tick-log.ts'
import { chooseTarget, type Tick } from '../log/tick.ts'
import type { Sink } from '../sink.ts'
import type { OwnedShard, Position } from './cursor.ts'

/** The next events of some shards that are all at one position. */
export interface Stretch {
  readonly shards: readonly OwnedShard[]
  readonly events: readonly LoggedEvent[]
  /** The position of the shards after the stretch. */
  readonly end: Position
  /** Their position after its events up to `seq`. */
  readonly at: (seq: bigint) => Position
}

/** A stretch whose events have not been parsed. */
interface Reading extends Omit<Stretch, 'shards' | 'events'> {
  readonly chunk: Chunk
}

type IntervalPart = Pick<Interval, 'from' | 'to' | 'afterSeq'>

const limits = { least: 500, most: 5_000, slowMs: 200, quickMs: 100 }

/** Dependencies of an interval reader. */
export interface IntervalReaderDeps {
  readonly sql: SqlClient
  readonly ticks: TickLog
  readonly sink: Sink
  readonly clock: Clock
}

/**
 * Chooses and reads the next events for the shards of a sink. Shards at the same position are read
 * together. Those furthest behind go first, and only as far as the next ones, so that all meet.
 */
export class IntervalReader {
  readonly #sql: SqlClient
  readonly #ticks: TickLog
  readonly #sink: Sink
  readonly #clock: Clock
  #limit = limits.least * 2
  #ahead: { readonly key: string; readonly reading: Promise<Reading | undefined> } | undefined
  #bounds: { readonly of: string; readonly value: Bounds | undefined } | undefined

  constructor({ sql, ticks, sink, clock }: IntervalReaderDeps) {
    this.#sql = sql
    this.#ticks = ticks
    this.#sink = sink
    this.#clock = clock
  }

  /**
   * Returns the next stretch, `undefined` when every shard is at the newest tick. It was read ahead
   * as a rule, while the one before it was handed over; otherwise it takes one round trip. Nothing
   * was there to be read ahead where its tick was made meanwhile.
   */
  async next(shards: readonly OwnedShard[]): Promise<Stretch | undefined> {
    const { group, nextTick } = furthestBehind(shards)
    const ahead = this.#ahead
    this.#ahead = undefined
    const reading =
      (ahead?.key === keyOf(group) ? await ahead.reading : undefined) ??
      (await this.#read(group, nextTick))
    if (reading === undefined) return undefined
    const { chunk, end, at } = reading
    if (!chunk.isEmpty) {
      this.#readAhead(
        group.map((shard) => ({ ...shard, ...end })),
        nextTick,
      )
      // Lets its statement be sent before this process handles the events at hand.
      await setImmediate()
    }
    return { shards: group, events: chunk.events, end, at }
  }

  /** Forgets what was read ahead. */
  forget(): void {
    this.#ahead = undefined
    this.#bounds = undefined
  }

  #readAhead(group: readonly OwnedShard[], nextTick: bigint | undefined): void {
    const reading = this.#read(group, nextTick)
    this.#ahead = { key: keyOf(group), reading }
    // `next` gets the error, if it asks for this stretch at all.
    reading.catch(() => undefined)
  }

  async #read(
    group: readonly OwnedShard[],
    nextTick: bigint | undefined,
  ): Promise<Reading | undefined> {
    const [first] = group
    const { newest, history } = this.#ticks
    if (
      first === undefined ||
      newest === undefined ||
      (first.tickTo === undefined && first.tick >= newest.id)
    )
      return undefined
    const bounds = (await this.#begun(first)) ?? (await this.#fresh(first, nextTick))
    // The bounds may be of different servers when the history changed meanwhile.
    if (bounds === undefined || history !== this.#ticks.history) return undefined
    const { from, to } = bounds
    const chunk = await this.#chunk({
      ...bounds,
      shards: group.map(({ shard }) => shard),
      types: this.#sink.types,
      history,
    })
    const at = (seq: bigint): Position => ({ tick: from.id, tickTo: to.id, lastSeq: seq })
    return {
      chunk,
      at,
      end:
        chunk.through === undefined
          ? { tick: to.id, tickTo: undefined, lastSeq: 0n }
          : at(chunk.through),
    }
  }

  /** The interval that a position lies in. */
  async #begun({ tick, tickTo, lastSeq }: Position): Promise<IntervalPart | undefined> {
    if (tickTo === undefined) return undefined
    const [from, to] = [
      await this.#ticks.exactly(this.#sql, tick),
      await this.#ticks.exactly(this.#sql, tickTo),
    ]
    return from === undefined || to === undefined ? undefined : { from, to, afterSeq: lastSeq }
  }

  /**
   * The interval that begins at a position. An interval whose bounds are no longer known begins
   * again.
   */
  async #fresh(
    { tick }: Position,
    nextTick: bigint | undefined,
  ): Promise<IntervalPart | undefined> {
    const { from, later } = await this.#ticks.from(this.#sql, tick, limits.most)
    const to = chooseTarget(from, upTo(later, nextTick), limits.most)
    return to === undefined ? undefined : { from, to, afterSeq: 0n }
  }

  async #chunk(interval: Interval): Promise<Chunk> {
    const startedAt = this.#clock.monotonic()
    const isNarrow = interval.to.seqHigh - interval.from.seqHigh <= 2 * limits.most
    const chunk = isNarrow
      ? await readNarrow(this.#sql, interval, this.#limit)
      : await this.#readWide(interval)
    const tookMs = this.#clock.monotonic() - startedAt
    // Large rows or a slow server: the duration of a read shows both.
    if (tookMs > limits.slowMs) this.#limit = Math.max(limits.least, this.#limit >> 1)
    else if (tookMs < limits.quickMs) this.#limit = Math.min(limits.most, this.#limit * 2)
    return chunk
  }

  async #readWide(interval: Interval): Promise<Chunk> {
    const of = `${interval.from.id}:${interval.to.id}`
    if (this.#bounds?.of !== of) this.#bounds = { of, value: await findBounds(this.#sql, interval) }
    const bounds = this.#bounds.value
    return bounds === undefined
      ? new Chunk([], undefined)
      : readWide(this.#sql, interval, { bounds, limit: this.#limit })
  }
}

function furthestBehind(shards: readonly OwnedShard[]): {
  readonly group: readonly OwnedShard[]
  readonly nextTick: bigint | undefined
} {
  const [first, ...rest] = [...shards].sort(compare)
  if (first === undefined) return { group: [], nextTick: undefined }
  const group = [first, ...rest.filter((shard) => compare(first, shard) === 0)]
  return { group, nextTick: rest.find(({ tick }) => tick > first.tick)?.tick }
}

/** The same key means the same events. */
function keyOf(group: readonly OwnedShard[]): string {
  const [first] = group
  const shards = group.map(({ shard }) => shard).join()
  return `${first?.tick} ${first?.tickTo} ${first?.lastSeq} ${shards}`
}

function compare(a: Position, b: Position): number {
  return (
    order(a.tick, b.tick) || order(a.lastSeq, b.lastSeq) || order(a.tickTo ?? 0n, b.tickTo ?? 0n)
  )
}

function order(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b)
}

function upTo(later: readonly Tick[], tick: bigint | undefined): readonly Tick[] {
  const within = tick === undefined ? later : later.filter(({ id }) => id <= tick)
  return within.length > 0 ? within : later
}
