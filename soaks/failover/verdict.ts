import { orThrow, type Stores } from '@headwater/core'
import type { Notes } from '../cache/ledger.ts'
import type { VersionedRow } from '../cache/rows.ts'
import { stateText } from '../outbox/accounts.ts'
import type { Destination } from '../outbox/destination.ts'
import { judgeState } from '../outbox/judge.ts'
import type { Crew } from './crew.ts'
import { History, judgeSessions, type ReadVerdict, type Seat } from './judge.ts'
import type { Promotion } from './promotion.ts'
import { selectHistory, selectOversold, selectSeats } from './tables.ts'

/** A soak after its end, when every sink has received everything. */
export interface Ended {
  readonly promotions: readonly Promotion[]
  readonly observed: Notes
  readonly crew: Crew
  readonly stores: Stores
  readonly destination: Destination
}

/** What was found, in words. */
export interface Verdict {
  readonly reads: ReadVerdict
  /** Sessions that were found after their end. */
  readonly revived: readonly string[]
  /** Acknowledged commits that a synchronous standby lacked, and events without an effect. */
  readonly lostAcknowledged: readonly string[]
  /** Acknowledged commits that an asynchronous standby lacked; the SDK said so, or did not. */
  readonly said: readonly string[]
  readonly unsaid: readonly string[]
  /** Effects in the wrong order, and states that are not the last ones. */
  readonly inverted: readonly string[]
  /** Second effects of a commit, and effects of what was never committed. */
  readonly duplicateEffects: readonly string[]
  readonly oversold: readonly string[]
  /** Commits that the last primary has, and seats. */
  readonly commits: number
  readonly seats: number
  /** The controls: what the same judge finds. */
  readonly replica: ReadVerdict
  readonly replicaCache: ReadVerdict
}

/** Judges a soak by its ledgers, its sinks and its last primary. */
export async function verdictOn(ended: Ended): Promise<Verdict> {
  const { promotions, observed, crew, stores, destination } = ended
  const ask = async <Row extends object>(sql: string): Promise<Row[]> =>
    orThrow(await stores.postgres.query<Row>(sql)).rows
  const kept = await ask<VersionedRow>(selectHistory)
  const seats = await ask<Seat>(selectSeats)
  const oversold = await ask<{ course: number; sold: number; counted: number }>(selectOversold)
  const table = await ask<VersionedRow>('SELECT id, version::float8 AS version FROM rows')
  const history = new History({
    promotions,
    kept,
    notes: [observed, ...crew.notes('reader', 'writer')],
  })
  const commits = history.judgeCommits()
  const taken = history.judgeSeats(crew.notes('seller'), seats)
  const effects = history.judgeEffects(kept, await destination.effects())
  const states = judgeState(statesOf(table), await destination.states('guarded'))
  return {
    reads: history.judgeReads(crew.notes('reader', 'writer')),
    revived: judgeSessions(crew.notes('keeper')),
    lostAcknowledged: [
      ...commits.broken,
      ...taken.broken,
      ...effects.lost.map((name) => `event ${name}`),
    ],
    said: [...commits.said, ...taken.said],
    unsaid: [...commits.unsaid, ...taken.unsaid],
    inverted: [...effects.outOfOrder, ...states.map((row) => `state of ${row}`)],
    duplicateEffects: effects.duplicates,
    oversold: oversold.map(({ course, sold, counted }) => `course ${course}: ${sold}, ${counted}`),
    commits: kept.length,
    seats: seats.length,
    replica: history.judgeReads(crew.notes('replica-reader')),
    replicaCache: history.judgeReads(crew.notes('replica-cache-reader')),
  }
}

function statesOf(table: readonly VersionedRow[]): ReadonlyMap<string, string> {
  return new Map(
    table.map(({ id, version }) => {
      const account = String(id)
      return [account, stateText({ account, version, balance: 0 })]
    }),
  )
}
