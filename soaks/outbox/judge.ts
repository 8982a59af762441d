/** One event of a transaction that committed, as the writers' ledger has it. */
export interface Committed {
  /** Names what was done: no two changes share one, be they committed or not. */
  readonly name: string
  readonly account: string
  /** Rises by one with each committed change of the account. */
  readonly version: number
}

/** What is wrong with the effects that a sink left behind. */
export interface LogVerdict {
  /** Names of committed events that have no effect and are accounted for nowhere else. */
  readonly lost: readonly string[]
  /** Effects that came after one of a later version of their account. */
  readonly outOfOrder: readonly string[]
  /**
   * Effects beyond the one that each committed event may have; what was rolled back may have none.
   */
  readonly duplicates: readonly string[]
}

/** What a log sink has done, in its order, against what was committed. */
export interface LogCase {
  readonly committed: readonly Committed[]
  /** Names in the order in which they took effect. */
  readonly effects: readonly string[]
  /** Names of events that lie in the dead letters, or wait behind one. */
  readonly setAside?: ReadonlySet<string>
}

/** Judges the effects of a log sink. */
export function judgeLog({ committed, effects, setAside = new Set() }: LogCase): LogVerdict {
  const byName = new Map(committed.map((event) => [event.name, event]))
  const highest = new Map<string, number>()
  const seen = new Set<string>()
  const outOfOrder: string[] = []
  const duplicates: string[] = []
  for (const name of effects) {
    const event = byName.get(name)
    if (event === undefined || seen.has(name)) duplicates.push(name)
    else if (event.version < (highest.get(event.account) ?? 0)) outOfOrder.push(name)
    else highest.set(event.account, event.version)
    seen.add(name)
  }
  const lost = committed
    .filter(({ name }) => !seen.has(name) && !setAside.has(name))
    .map(({ name }) => name)
  return { lost, outOfOrder, duplicates }
}

/**
 * Gives the accounts of which a state sink holds something else than the table; states by account.
 */
export function judgeState(
  table: ReadonlyMap<string, string>,
  held: ReadonlyMap<string, string>,
): readonly string[] {
  const accounts = new Set([...table.keys(), ...held.keys()])
  return [...accounts].filter((account) => table.get(account) !== held.get(account))
}
