/** One event of a committed transaction, from the ledger of the writers. */
export interface Committed {
  /** The name of the change; no two changes share one, even if they are rolled back. */
  readonly name: string
  readonly account: string
  /** Increases by one with each committed change of the account. */
  readonly version: number
}

/** The defects of the effects in a sink. */
export interface LogVerdict {
  /** Names of committed events that have no effect and are not set aside either. */
  readonly lost: readonly string[]
  /** Effects that came after one of a later version of their account. */
  readonly outOfOrder: readonly string[]
  /** Effects beyond the first of a committed event, and all effects of rolled-back changes. */
  readonly duplicates: readonly string[]
}

/** The effects of a log sink, and the committed events. */
export interface LogCase {
  readonly committed: readonly Committed[]
  /** Names in the order in which the effects took place. */
  readonly effects: readonly string[]
  /** Names of dead letters and of events that wait behind one. */
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

/** The accounts whose state in a sink differs from the table; both map accounts to states. */
export function judgeState(
  table: ReadonlyMap<string, string>,
  held: ReadonlyMap<string, string>,
): readonly string[] {
  const accounts = new Set([...table.keys(), ...held.keys()])
  return [...accounts].filter((account) => table.get(account) !== held.get(account))
}
