import { type Note, type Notes, unpack } from './ledger.ts'

/** A period in which a fault was played. */
export interface FaultWindow {
  /** The name of the fault. */
  readonly fault: string
  /** The only process that suffered; `undefined` when every process did. */
  readonly process: string | undefined
  /** Whether Redis could not be reached. */
  readonly isOfRedis: boolean
  /** Nanoseconds. */
  readonly from: number
  /** Nanoseconds. */
  readonly to: number
}

/**
 * The moment from which every read must return a version. `returned`: once its commit returned to
 * the writer; if the commit never returned, once any process saw the version. `seen`: once any
 * process saw the version, in the table or as the answer to a read, even before its commit
 * returned.
 */
export type Rule = 'returned' | 'seen'

/** A read that returned an older version than the one known to be committed before it began. */
export interface StaleRead {
  readonly process: string
  readonly key: number
  readonly got: number
  /** The highest version that was known before. */
  readonly expected: number
  readonly beganAt: number
  readonly endedAt: number
  /** How long the returned version had been outdated, in milliseconds. */
  readonly ageMs: number
  /** Whether the row was never committed with that version. */
  readonly isPhantom: boolean
}

/** The counts of a run. */
export interface Verdict {
  reads: number
  /** Writes known to be committed. */
  writes: number
  failed: number
  staleReads: number
  /** Stale reads after writes by a process that could not reach Redis while others could. */
  degradedReads: number
  /** Committed writes by a process that could not reach Redis. */
  degradedWrites: number
  maxDegradedStaleMs: number
  /** The first few stale reads. */
  readonly stale: StaleRead[]
}

/**
 * How long after a fault a writer may still lack Redis, in nanoseconds: it tries again after at
 * most two seconds and then needs a handshake.
 */
const recoveryNs = 3e9
const keptStaleReads = 20

/**
 * Checks that every read returned at least the highest version of its row known to be committed
 * before it began.
 *
 * A read counts as degraded instead of stale when every write it missed reported that it could not
 * reach Redis, and a fault had hit that writer shortly before.
 */
export function judge(
  notes: readonly Notes[],
  faults: readonly FaultWindow[] = [],
  rule: Rule = 'returned',
): Verdict {
  const evidence = gather(notes, faults)
  const history = new History(evidence, rule)
  const verdict: Verdict = {
    reads: 0,
    writes: 0,
    failed: evidence.failed,
    staleReads: 0,
    degradedReads: 0,
    degradedWrites: 0,
    maxDegradedStaleMs: 0,
    stale: [],
  }
  for (const ledger of notes) {
    for (const note of unpack(ledger))
      if (note.kind === 'read') judgeRead(verdict, history, note, ledger.process)
  }
  const committed = [...evidence.versions.values()].filter(
    (version) => version.isWritten && !version.isRolledBack && version.seenAt < Infinity,
  )
  verdict.writes = committed.length
  verdict.degradedWrites = committed.filter((version) => version.isDegraded).length
  return verdict
}

function judgeRead(verdict: Verdict, history: History, read: Note, process: string): void {
  verdict.reads += 1
  const isPhantom = history.isPhantom(read.version)
  const missed = history.missedBy(read)
  if (missed.length === 0 && !isPhantom) return
  const ageMs = Math.max(0, ...missed.map(({ knownAt }) => read.beganAt - knownAt)) / 1e6
  if (!isPhantom && missed.every(({ isExcused }) => isExcused)) {
    verdict.degradedReads += 1
    verdict.maxDegradedStaleMs = Math.max(verdict.maxDegradedStaleMs, ageMs)
    return
  }
  verdict.staleReads += 1
  if (verdict.stale.length >= keptStaleReads) return
  const { key, version: got, beganAt, endedAt } = read
  verdict.stale.push({
    process,
    key,
    got,
    expected: missed.at(-1)?.version ?? got,
    beganAt,
    endedAt,
    ageMs,
    isPhantom,
  })
}

interface Version {
  readonly key: number
  readonly version: number
  /** When its commit had returned. */
  returnedAt: number
  /** When it had been seen, at the latest when its commit had returned. */
  seenAt: number
  isWritten: boolean
  isRolledBack: boolean
  /** Whether its writer says that it could not reach Redis. */
  isDegraded: boolean
  /** Whether that was so because of a fault. */
  isExcused: boolean
}

interface Evidence {
  readonly versions: ReadonlyMap<number, Version>
  readonly failed: number
}

function gather(notes: readonly Notes[], faults: readonly FaultWindow[]): Evidence {
  const versions = new Map<number, Version>()
  let failed = 0
  const versionOf = ({ key, version }: Note): Version => {
    const known = versions.get(version)
    if (known !== undefined) return known
    const unknown = {
      key,
      version,
      returnedAt: Infinity,
      seenAt: Infinity,
      isWritten: false,
      isRolledBack: false,
      isDegraded: false,
      isExcused: false,
    }
    versions.set(version, unknown)
    return unknown
  }
  for (const ledger of notes) {
    for (const note of unpack(ledger)) {
      if (note.kind === 'failed') failed += 1
      else learn(versionOf(note), note, () => isExplained(ledger.process, note.endedAt, faults))
    }
  }
  return { versions, failed }
}

function learn(version: Version, { kind, endedAt }: Note, isExcused: () => boolean): void {
  switch (kind) {
    case 'updated':
      version.isWritten = true
      break
    case 'rolled-back':
      version.isRolledBack = true
      break
    case 'degraded':
      version.isDegraded = true
      version.isExcused ||= isExcused()
      break
    case 'committed':
      version.returnedAt = endedAt
      version.seenAt = Math.min(version.seenAt, endedAt)
      break
    case 'read':
    case 'seen':
      version.seenAt = Math.min(version.seenAt, endedAt)
      break
    case 'failed':
      break
  }
}

interface Known {
  readonly version: number
  readonly knownAt: number
  readonly isExcused: boolean
}

interface Line {
  readonly versions: readonly Known[]
  /** The earliest moment at which this version or a later one was known. */
  readonly knownSince: Float64Array
}

/** When each version of each row was known. */
class History {
  readonly #versions: ReadonlyMap<number, Version>
  readonly #lines: ReadonlyMap<number, Line>

  constructor({ versions }: Evidence, rule: Rule) {
    this.#versions = versions
    this.#lines = new Map(
      [...Map.groupBy(versions.values(), ({ key }) => key)].map(([key, ofKey]) => [
        key,
        lineOf(ofKey, rule),
      ]),
    )
  }

  isPhantom(version: number): boolean {
    return this.#versions.get(version)?.isRolledBack === true
  }

  /** The later versions known before a read began, lowest first. */
  missedBy({ key, version, beganAt }: Note): readonly Known[] {
    const line = this.#lines.get(key)
    if (line === undefined) return none
    const next = indexAfter(line.versions, version)
    if (!((line.knownSince[next] ?? Infinity) < beganAt)) return none
    return line.versions.slice(next).filter(({ knownAt }) => knownAt < beganAt)
  }
}

const none: readonly Known[] = []

function lineOf(ofKey: readonly Version[], rule: Rule): Line {
  const versions = ofKey
    .filter(({ isRolledBack, seenAt }) => !isRolledBack && seenAt < Infinity)
    .map(({ version, returnedAt, seenAt, isExcused }) => ({
      version,
      knownAt: rule === 'returned' && returnedAt < Infinity ? returnedAt : seenAt,
      isExcused,
    }))
    .sort((one, other) => one.version - other.version)
  const knownSince = new Float64Array(versions.length)
  let since = Infinity
  for (let index = versions.length - 1; index >= 0; index -= 1)
    knownSince[index] = since = Math.min(since, versions[index]?.knownAt ?? Infinity)
  return { versions, knownSince }
}

function indexAfter(versions: readonly Known[], version: number): number {
  let [from, to] = [0, versions.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((versions[middle] as Known).version <= version) from = middle + 1
    else to = middle
  }
  return from
}

/** Whether a fault explains that a writer could not reach Redis. */
function isExplained(process: string, at: number, faults: readonly FaultWindow[]): boolean {
  return faults.some(
    (window) =>
      window.isOfRedis &&
      (window.process === undefined || window.process === process) &&
      window.from <= at &&
      at <= window.to + recoveryNs,
  )
}
