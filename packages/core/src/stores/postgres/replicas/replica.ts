import { setTimeout } from 'node:timers/promises'
import type { CallOptions } from '../../../call-options.ts'
import type { Clock } from '../../../clock.ts'
import { sqlFailureIn } from '../../../failure/failure-error.ts'
import { longestTimerMs, startTimer } from '../../../resilience/timer.ts'
import type { SqlResult } from '../../sql-client.ts'
import { NoTurn } from '../pool-turns.ts'
import type { PostgresPoolStore } from '../postgres-pool-store.ts'
import type { PostgresConnection, StatementAhead, StatementBehind } from '../postgres-store.ts'
import { readOnly } from '../read-only.ts'
import { isServerError } from '../server-error.ts'
import { PassedOver, type ReplicaState, unlessPassedOver } from './passed-over.ts'
import { Patience } from './patience.ts'
import { lsnOf, lsnText, type Position } from './position.ts'
import { type LookRow, lookSql, replayedSql, type ReplayedRow } from './replica-queries.ts'

/** A read that a replica is asked for. */
export interface ReplicaRead {
  readonly statement: StatementBehind
  /** What it must have replayed. */
  readonly bar: Position
  /** Time for a free connection to it, in milliseconds. */
  readonly connectMs: number
  /** Time in which it has to begin then, in milliseconds. */
  readonly patienceMs: number
  /** When it has to have begun in any case. */
  readonly endMs: number
  /** Whether it is waited for until it has replayed that. */
  readonly isWaitedFor: boolean
  /** Limits of the read. */
  readonly call: CallOptions
}

/** A read on a connection. */
interface BegunRead extends ReplicaRead {
  readonly patience: Patience
}

/** A replica as it was when it was looked at; `lsn` is what it had replayed. */
interface SeenReplica extends Position {
  readonly isStandby: boolean
  readonly run: string
  /** What it was to have replayed. */
  readonly wanted: bigint
}

/** A replica that misses so many looks in a row answers no read that is under way either. */
export const looksOfTheLost = 2
const firstPauseMs = 2

/** One replica: what it is, by the last look at it, and reads from it. */
export class Replica {
  readonly #store: PostgresPoolStore
  readonly #clock: Clock
  #seen: SeenReplica | undefined
  #wasSeen = false
  #missedLooks = 0
  /** The first place that a read found it not to have, until a look finds that it keeps up. */
  #missing: bigint | undefined
  /** The last place that reads have asked for since the last look. */
  #asked = 0n
  /** Whether a read has waited in vain, until a check holds or a look is had. */
  #isBehind = false
  #lost = new AbortController()

  constructor(store: PostgresPoolStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Whether a look has ever found it. */
  get wasSeen(): boolean {
    return this.#wasSeen
  }

  /** Whether a look has ended, well or not. */
  get wasLookedAt(): boolean {
    return this.#seen !== undefined || this.#missedLooks > 0
  }

  /**
   * Looks whether it has replayed `wanted` by now. Never rejects: a replica that does not answer is
   * `down`.
   */
  async look(wanted: bigint, deadlineMs: number): Promise<void> {
    try {
      const { rows } = await this.#store.look<LookRow>(lookSql, deadlineMs)
      this.#seen = seenReplica(rows[0] as LookRow, wanted)
      this.#wasSeen = true
      this.#missedLooks = 0
      if (this.#seen.lsn >= this.#asked) this.#missing = undefined
      this.#asked = 0n
      this.#isBehind = false
    } catch {
      this.#seen = undefined
      this.#missedLooks += 1
      if (this.#missedLooks === looksOfTheLost) this.#giveUpReads()
    }
  }

  /**
   * What it is for a primary with the history of `of`, and whether it has come as far, or has kept
   * up so that it may have come as far meanwhile.
   */
  stateFor(of: Position): ReplicaState {
    const seen = this.#seen
    if (seen === undefined) return 'down'
    if (!seen.isStandby) return 'not-standby'
    if (seen.system !== of.system) return 'other-system'
    if (seen.timeline !== of.timeline) return 'other-timeline'
    return seen.lsn >= of.lsn || seen.lsn >= seen.wanted ? 'usable' : 'lagging'
  }

  /**
   * Reads from it. Rejects with {@link PassedOver} when another server is to be asked, and with the
   * failure of a statement that took too long, as it would there.
   */
  async read(read: ReplicaRead): Promise<SqlResult<object>> {
    const seen = this.#seen
    if (seen === undefined) throw new PassedOver('down')
    const { statement, connectMs, call } = read
    const turn = new Patience(connectMs, this.#clock)
    let isConnected = false
    try {
      return await this.#store.lend(statement, { ...call, signal: turn.signal }, (connection) => {
        isConnected = true
        turn.end()
        return this.#begin(connection, read, seen.run)
      })
    } catch (error) {
      const isBusy = !isConnected && (turn.signal.aborted || isNoTurn(error))
      const passedOver = isBusy ? new PassedOver('busy') : passedOverBy(error)
      if (passedOver?.reason === 'down') this.#seen = undefined
      throw passedOver ?? error
    } finally {
      turn.end()
    }
  }

  /** Waits for the reads that it has begun, for `graceMs` at most. */
  async close(graceMs: number): Promise<void> {
    const cancel = startTimer(graceMs, () => {
      this.#lost.abort()
    })
    try {
      await this.#store.close()
    } finally {
      cancel()
    }
  }

  destroy(): void {
    this.#store.destroy()
  }

  async #begin(
    connection: PostgresConnection,
    read: ReplicaRead,
    run: string,
  ): Promise<SqlResult<object>> {
    const { patienceMs, endMs } = read
    const leftMs = endMs - this.#clock.monotonic()
    const patience = new Patience(Math.min(patienceMs, leftMs), this.#clock)
    try {
      return await this.#answer(connection, { ...read, patience }, run)
    } catch (error) {
      // A shorter silence says nothing about it to other callers.
      if (isSilence(error) && patience.ms === patienceMs) this.#seen = undefined
      throw error
    } finally {
      patience.end()
    }
  }

  async #answer(
    connection: PostgresConnection,
    read: BegunRead,
    run: string,
  ): Promise<SqlResult<object>> {
    const { statement, bar, patience } = read
    const { signal } = patience
    if (bar.lsn > this.#asked) this.#asked = bar.lsn
    const check = checkOf(bar, run, patience)
    for (;;) {
      // Behind for one read, it may be for later ones: they find out by the check alone.
      if (this.#mayMiss(bar)) await this.#untilReplayed(connection, check, read)
      const { ahead, result } = readOnly(connection, statement, [check])
      const [checked] = await unlessPassedOver(ahead, signal, 'silent')
      if (isReplayed(checked)) return unlessPassedOver(result, this.#lost.signal, 'down')
      if (!this.#mayMiss(bar)) this.#missing = bar.lsn
      // The answer came too early: the connection is free when it has ended.
      await unlessPassedOver(result, signal, 'lagging')
    }
  }

  #mayMiss({ lsn }: Position): boolean {
    return this.#missing !== undefined && lsn >= this.#missing
  }

  /** Waits until a check holds, as long as there is patience. */
  async #untilReplayed(
    connection: PostgresConnection,
    { text, values }: StatementAhead,
    { patience, patienceMs, isWaitedFor }: BegunRead,
  ): Promise<void> {
    for (let pauseMs = firstPauseMs; ; pauseMs *= 2) {
      const checked = connection.query(text, values)
      const isThere = isReplayed(await unlessPassedOver(checked, patience.signal, 'silent'))
      const isOver = patience.leftMs <= pauseMs
      if (isThere || (isOver && patience.ms === patienceMs)) this.#isBehind = !isThere
      if (isThere) return
      if (!isWaitedFor || isOver || this.#isBehind) throw new PassedOver('lagging')
      await setTimeout(pauseMs)
    }
  }

  #giveUpReads(): void {
    this.#lost.abort()
    this.#lost = new AbortController()
  }
}

function checkOf(bar: Position, run: string, { ms }: Patience): StatementAhead {
  return { text: replayedSql, values: [lsnText(bar.lsn), run, String(lockTimeoutMs(ms))] }
}

/** As PostgreSQL takes it: whole, and 0 would be none. */
function lockTimeoutMs(ms: number): number {
  return Math.min(Math.max(1, Math.ceil(ms)), longestTimerMs)
}

function isReplayed(checked: SqlResult<object> | undefined): boolean {
  return (checked?.rows[0] as ReplayedRow | undefined)?.is_replayed === true
}

function isNoTurn(error: unknown): boolean {
  return sqlFailureIn(error)?.cause instanceof NoTurn
}

function isSilence(error: unknown): boolean {
  return error instanceof PassedOver && error.reason === 'silent'
}

/** What is no matter of the statement alone; `undefined` for one that took too long. */
function passedOverBy(error: unknown): PassedOver | undefined {
  if (error instanceof PassedOver) return error
  const failure = sqlFailureIn(error)
  const code = isServerError(failure?.cause) ? failure.cause.code : undefined
  // A lock that replay holds is none of the primary's.
  if (code === lockNotAvailable) return new PassedOver('failed')
  if (failure?.type === 'deadline-exceeded') return undefined
  const isLost = code === undefined || /^(08|57P)/.test(code)
  return new PassedOver(failure?.type === 'store-unavailable' && isLost ? 'down' : 'failed')
}

const lockNotAvailable = '55P03'

function seenReplica(row: LookRow, wanted: bigint): SeenReplica {
  const { is_standby: isStandby, system, timeline, run, replayed } = row
  return { isStandby, system, timeline, run, wanted, lsn: lsnOf(replayed ?? '0/0') }
}
