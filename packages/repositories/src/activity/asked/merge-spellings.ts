import type { QueryFigures } from './asked-figures.ts'
import type { GatherOptions, QueryForm } from './asked-query.ts'
import { inTurns } from './in-turns.ts'

/** A spelling of a query, as it is logged and as it is shown. */
export type Spelling = QueryFigures & QueryForm

/** A query in all its spellings. */
export interface MergedQuery {
  readonly form: string
  readonly spellings: readonly Spelling[]
  /** The users of its most asked spelling: at least as many asked the query. */
  readonly users: number
  /** No more users than these asked the query. */
  readonly mostUsers: number
}

/** What the spellings of queries are merged by. */
export interface Merging extends Pick<GatherOptions, 'formOf' | 'minUsers'> {
  /** Whether to end early. */
  readonly isOver: () => boolean
}

/** Merges the spellings of queries, without what cannot have enough users or is not to be shown. */
export async function mergeSpellings(
  figures: readonly QueryFigures[],
  { formOf, minUsers, isOver }: Merging,
): Promise<MergedQuery[]> {
  const spellings = new Map<string, Spelling[]>()
  const add = (one: QueryFigures): void => {
    const shown = shownAs(one.query, formOf)
    if (shown === undefined) return
    const others = spellings.get(shown.form)
    if (others === undefined) spellings.set(shown.form, [{ ...one, ...shown }])
    else others.push({ ...one, ...shown })
  }
  await inTurns(figures, { visit: add, isOver })
  const merged: MergedQuery[] = []
  const merge = ([form, of]: [string, Spelling[]]): void => {
    const mostUsers = of.reduce((sum, { users }) => sum + users, 0)
    const users = of.reduce((most, one) => Math.max(most, one.users), 0)
    if (mostUsers >= minUsers) merged.push({ form, spellings: of, users, mostUsers })
  }
  await inTurns(spellings, { visit: merge, isOver })
  return merged
}

/** Spellings whose users are told apart, at most, and users of these. */
const [mostSpellings, mostPairs] = [10_000, 100_000]

/**
 * The spellings of queries that have several: only their users can tell how many asked the query.
 * First those of which none has enough by itself, then those of the fewest users.
 */
export function doubtfulSpellings(merged: readonly MergedQuery[], minUsers: number): string[] {
  const several = merged.filter(({ spellings }) => spellings.length > 1)
  const doubtful = [
    ...several.filter(({ users }) => users < minUsers).sort((a, b) => b.mostUsers - a.mostUsers),
    ...several.filter(({ users }) => users >= minUsers).sort((a, b) => a.users - b.users),
  ]
  const listed: string[] = []
  let pairs = 0
  for (const { spellings, mostUsers } of doubtful) {
    pairs += mostUsers
    if (pairs > mostPairs || listed.length + spellings.length > mostSpellings) break
    listed.push(...spellings.map(({ query }) => query))
  }
  return listed
}

const mostCharacters = 200

function shownAs(query: string, formOf: GatherOptions['formOf']): QueryForm | undefined {
  try {
    const shown = formOf(query)
    const isForm = shown !== undefined && /^\S+$/u.test(shown.form)
    return isForm && shown.form.length <= mostCharacters ? shown : undefined
  } catch {
    // A rule of the host that cannot judge a query keeps it back.
    return undefined
  }
}
