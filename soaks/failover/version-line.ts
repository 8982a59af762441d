/** When a version of a row was known, in nanoseconds. */
export interface Known {
  readonly key: number
  readonly version: number
  readonly knownAt: number
  /** When the server was killed that alone had it; `Infinity` when it was kept. */
  readonly lostAt: number
}

/** A read of a row. */
interface Read {
  readonly version: number
  readonly beganAt: number
  readonly endedAt: number
}

/** The known versions of one row. */
export class VersionLine {
  readonly #kept: readonly Known[]
  /** The earliest moment at which this version or a later one that was kept was known. */
  readonly #knownSince: Float64Array
  readonly #lost: readonly Known[]

  constructor(known: readonly Known[]) {
    const sorted = known.toSorted((one, other) => one.version - other.version)
    this.#kept = sorted.filter(({ lostAt }) => lostAt === Infinity)
    this.#lost = sorted.filter(({ lostAt }) => lostAt < Infinity)
    this.#knownSince = new Float64Array(this.#kept.length)
    let since = Infinity
    for (let at = this.#kept.length - 1; at >= 0; at -= 1)
      this.#knownSince[at] = since = Math.min(since, this.#kept[at]?.knownAt ?? Infinity)
  }

  /**
   * A later version that was known before a read began; `undefined` without one. A lost version
   * counts only for reads that were over before its server was killed.
   */
  missedBy({ version, beganAt, endedAt }: Read): number | undefined {
    const next = this.#indexAfter(version)
    if ((this.#knownSince[next] ?? Infinity) < beganAt)
      return this.#kept.slice(next).find(({ knownAt }) => knownAt < beganAt)?.version
    return this.#lost.find(
      (lost) => lost.version > version && lost.knownAt < beganAt && endedAt < lost.lostAt,
    )?.version
  }

  #indexAfter(version: number): number {
    let [from, to] = [0, this.#kept.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.#kept[middle]?.version ?? Infinity) <= version) from = middle + 1
      else to = middle
    }
    return from
  }
}
