/** One event of a committed transaction, from the writers' ledger. */
export interface Committed {
  /** The name of the change: unique, whether it was committed or not. */
  readonly name: string
  readonly account: string
  /** Incremented with each committed change of the account. */
  readonly version: number
}

/** The faults found in the effects of a sink. */
export interface LogVerdict {
  /** Names of committed events without an effect that were not set aside either. */
  readonly lost: readonly string[]
  /** Effects that followed one of a later version of their account. */
  readonly outOfOrder: readonly string[]
  /** Effects beyond the single one of each committed event; a rolled-back event may have none. */
  readonly duplicates: readonly string[]
}

/** The effects of a log sink, beside the committed events. */
export interface LogCase {
  readonly committed: readonly Committed[]
  /** Names in the order in which they took effect. */
  readonly effects: readonly string[]
  /** Names of events among the dead letters, or waiting behind one. */
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

/** Returns the accounts whose state in a sink differs from the table. */
export function judgeState(
  table: ReadonlyMap<string, string>,
  held: ReadonlyMap<string, string>,
): readonly string[] {
  const accounts = new Set([...table.keys(), ...held.keys()])
  return [...accounts].filter((account) => table.get(account) !== held.get(account))
}
