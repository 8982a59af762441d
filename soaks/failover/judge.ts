import { type Note, type Notes, unpack } from '../cache/ledger.ts'
import { rowCount, type VersionedRow } from '../cache/rows.ts'
import { judgeLog } from '../outbox/judge.ts'
import { epochOf, type Promotion } from './promotion.ts'
import { changeName, changeNamed } from './tables.ts'
import { type Known, VersionLine } from './version-line.ts'

/** What happened, as the last primary and the notes of the processes tell it. */
export interface Evidence {
  readonly promotions: readonly Promotion[]
  /** The versions that the last primary has. */
  readonly kept: readonly VersionedRow[]
  /** Of those whose reads and writes tell when a version was known. */
  readonly notes: readonly Notes[]
}

/** Acknowledged commits that are gone. */
export interface Losses {
  /** After an epoch in which no acknowledged commit may be lost. */
  readonly broken: readonly string[]
  /** After an epoch in which it may, and of which the SDK said so, or did not. */
  readonly said: readonly string[]
  readonly unsaid: readonly string[]
}

/** The reads of some processes. */
export interface ReadVerdict {
  readonly reads: number
  /** Reads that returned an older version than was known, or one that no server has. */
  readonly stale: readonly string[]
  /** Reads of a version of a lost future before the operator was done: no promise covers them. */
  readonly early: number
}

/** A seat that the last primary has. */
export interface Seat {
  readonly course: number
  readonly user: number
}

/** How long a write by a process that could not reach Redis may be unknown to others, in ns. */
const blindNs = 1.5e9

/** The history of all versions: which of them are kept, and from when and until when known. */
export class History {
  readonly #promotions: readonly Promotion[]
  readonly #kept: ReadonlySet<number>
  readonly #lines: ReadonlyMap<number, VersionLine>
  readonly #acknowledged: readonly VersionedRow[]

  constructor({ promotions, kept, notes }: Evidence) {
    this.#promotions = promotions
    this.#kept = new Set(kept.map(({ version }) => version))
    const sightings = gather(notes)
    this.#acknowledged = sightings
      .filter(({ returnedAt }) => returnedAt < Infinity)
      .map(({ key, version }) => ({ id: key, version }))
    const known = sightings
      .map((sighting) => this.#knownOf(sighting))
      .filter(({ knownAt }) => knownAt < Infinity)
    this.#lines = new Map(
      [...Map.groupBy(known, ({ key }) => key)].map(([key, ofKey]) => [
        key,
        new VersionLine(ofKey),
      ]),
    )
  }

  /** Whether the last primary has a version. */
  isKept(version: number): boolean {
    return this.#kept.has(version)
  }

  /** The promotion that ended the epoch of a version; `undefined` for the last epoch. */
  endOf(version: number): Promotion | undefined {
    return this.#promotions[epochOf(version)]
  }

  /** Judges the reads of some processes. */
  judgeReads(readers: readonly Notes[]): ReadVerdict {
    const stale: string[] = []
    let [reads, early] = [0, 0]
    for (const notes of readers) {
      for (const note of unpack(notes)) {
        if (note.kind !== 'read') continue
        reads += 1
        const verdict = this.#judgeRead(note)
        if (verdict === 'early') early += 1
        else if (verdict !== undefined) stale.push(`${notes.process} ${verdict}`)
      }
    }
    return { reads, stale, early }
  }

  /** Judges the commits of rows that were acknowledged. */
  judgeCommits(): Losses {
    const lost = this.#acknowledged.filter(({ version }) => !this.isKept(version))
    return lossesOf(lost.map((row) => ({ name: changeName(row), end: this.endOf(row.version) })))
  }

  /**
   * Judges acknowledged seats. A seat carries no version: it was taken in one of the epochs that
   * its call saw, and where one of those may lose something, in that one.
   */
  judgeSeats(sellers: readonly Notes[], seats: readonly Seat[]): Losses {
    const taken = new Set(seats.map(({ course, user }) => `${course}:${user}`))
    const lost: Loss[] = []
    for (const notes of sellers)
      for (const { key: course, version: user, beganAt, endedAt } of unpack(notes))
        if (!taken.has(`${course}:${user}`))
          lost.push({
            name: `seat of user ${user} in course ${course}`,
            end: this.#endSeenBy({ beganAt, endedAt }),
          })
    return lossesOf(lost)
  }

  /** Judges the effects of a log sink: those of a lost future are no effects of this one. */
  judgeEffects(kept: readonly VersionedRow[], effects: readonly string[]) {
    return judgeLog({
      committed: kept
        // The rows began with versions that have no event.
        .filter(({ version }) => version > rowCount)
        .map((row) => ({ name: changeName(row), account: String(row.id), version: row.version })),
      effects: effects.filter((name) => !this.#isOfLostFuture(changeNamed(name).version)),
    })
  }

  #endSeenBy({ beganAt, endedAt }: Pick<Note, 'beganAt' | 'endedAt'>): Promotion | undefined {
    const seen = this.#promotions.filter(
      ({ openedAt }, epoch) =>
        beganAt <= openedAt && endedAt >= (this.#promotions[epoch - 1]?.openedAt ?? 0),
    )
    return seen.find(({ mode }) => mode === 'asynchronous') ?? seen[0]
  }

  /**
   * PostgreSQL shows a commit that is cut off while it waits for a standby, though nobody was told
   * that it is committed.
   */
  #isOfLostFuture(version: number): boolean {
    const end = this.endOf(version)
    return !this.isKept(version) && (end?.mode === 'asynchronous' || end?.isHeld === true)
  }

  #judgeRead({ key, version, beganAt, endedAt }: Note): string | undefined {
    if (!this.isKept(version)) {
      const end = this.endOf(version)
      if (end === undefined || beganAt > end.openedAt)
        return `read ${key}@${version}, which is void`
      if (endedAt > end.killedAt) return 'early'
    }
    const missed = this.#lines.get(key)?.missedBy({ version, beganAt, endedAt })
    return missed === undefined ? undefined : `read ${key}@${version} instead of ${missed}`
  }

  #knownOf({ key, version, returnedAt, seenAt, isDegraded }: Sighting): Known {
    const knownAt = (returnedAt < Infinity ? returnedAt : seenAt) + (isDegraded ? blindNs : 0)
    const lostAt = this.isKept(version) ? Infinity : (this.endOf(version)?.killedAt ?? Infinity)
    return { key, version, knownAt, lostAt }
  }
}

/** Something acknowledged that is gone, and the end of its epoch. */
interface Loss {
  readonly name: string
  readonly end: Promotion | undefined
}

/** Sorts losses by what was promised for the epochs in which they happened. */
function lossesOf(lost: readonly Loss[]): Losses {
  const named = (isSo: (end: Promotion | undefined) => boolean): string[] =>
    lost.filter(({ end }) => isSo(end)).map(({ name }) => name)
  return {
    broken: named((end) => end?.mode !== 'asynchronous'),
    said: named((end) => end?.mode === 'asynchronous' && end.isSaid),
    unsaid: named((end) => end?.mode === 'asynchronous' && !end.isSaid),
  }
}

/** Sessions, by number, that were found after their end had been acknowledged. */
export function judgeSessions(keepers: readonly Notes[]): readonly string[] {
  return keepers.flatMap((notes) => {
    const endedAt = new Map<number, number>()
    for (const note of unpack(notes))
      if (note.kind === 'committed') endedAt.set(note.key, note.endedAt)
    return [...found(notes, endedAt)]
  })
}

function* found(notes: Notes, endedAt: ReadonlyMap<number, number>): Generator<string> {
  for (const { kind, key, version, beganAt } of unpack(notes))
    if (kind === 'read' && version === 0 && beganAt > (endedAt.get(key) ?? Infinity))
      yield `${notes.process} found session ${key}`
}

interface Sighting {
  readonly key: number
  readonly version: number
  returnedAt: number
  seenAt: number
  isDegraded: boolean
}

function gather(all: readonly Notes[]): readonly Sighting[] {
  const byVersion = new Map<number, Sighting>()
  for (const notes of all) {
    for (const { kind, key, version, endedAt } of unpack(notes)) {
      if (version === 0) continue
      let sighting = byVersion.get(version)
      if (sighting === undefined) {
        sighting = { key, version, returnedAt: Infinity, seenAt: Infinity, isDegraded: false }
        byVersion.set(version, sighting)
      }
      if (kind === 'committed') sighting.returnedAt = endedAt
      if (kind === 'degraded') sighting.isDegraded = true
      if (kind === 'read' || kind === 'seen' || kind === 'committed')
        sighting.seenAt = Math.min(sighting.seenAt, endedAt)
    }
  }
  return [...byVersion.values()]
}
