import type { QueryFigures, QueryUser } from './asked-figures.ts'
import type { GatherOptions, QueryForm } from './asked-query.ts'

/** A query in all its spellings. */
export interface MergedQuery {
  readonly form: string
  /** The commonest spelling, as it is shown. */
  readonly text: string
  /** As they are logged. */
  readonly spellings: readonly string[]
  /** The users of its most asked spelling: at least as many asked the query. */
  readonly users: number
  /** No more users than these asked the query. */
  readonly mostUsers: number
  readonly asked: number
  readonly isClicked: boolean
}

/** Merges the spellings of queries, without what mostly finds nothing or is not to be shown. */
export function mergeSpellings(
  figures: readonly QueryFigures[],
  formOf: GatherOptions['formOf'],
): MergedQuery[] {
  const spellings = new Map<string, (QueryFigures & QueryForm)[]>()
  for (const one of figures) {
    const shown = shownAs(one.query, formOf)
    if (shown === undefined) continue
    const others = spellings.get(shown.form)
    if (others === undefined) spellings.set(shown.form, [{ ...one, ...shown }])
    else others.push({ ...one, ...shown })
  }
  return [...spellings.values()].flatMap((of) => {
    const total = (field: 'users' | 'asked' | 'missed'): number =>
      of.reduce((sum, one) => sum + one[field], 0)
    const [first] = of
    if (first === undefined || total('missed') > total('asked')) return []
    return [
      {
        form: first.form,
        text: commonestText(of),
        spellings: of.map(({ query }) => query),
        users: Math.max(...of.map(({ users }) => users)),
        mostUsers: total('users'),
        asked: total('asked'),
        isClicked: of.some(({ clicked }) => clicked > 0),
      },
    ]
  })
}

/**
 * The spellings of which only their users can tell whether enough have asked the query: none has
 * enough by itself, and all together may.
 */
export function doubtfulSpellings(merged: readonly MergedQuery[], minUsers: number): string[] {
  return merged.flatMap(({ users, mostUsers, spellings }) =>
    users < minUsers && mostUsers >= minUsers ? spellings : [],
  )
}

/** The queries that enough users have asked: those with a click first, the most asked first. */
export function rankQueries(
  merged: readonly MergedQuery[],
  doubtful: readonly QueryUser[],
  minUsers: number,
): MergedQuery[] {
  const usersOf = new Map<string, number[]>()
  for (const { query, user } of doubtful) usersOf.set(query, [...(usersOf.get(query) ?? []), user])
  return merged
    .map((query) => ({ ...query, users: Math.max(query.users, countUsers(query, usersOf)) }))
    .filter(({ users }) => users >= minUsers)
    .sort(
      (one, other) =>
        Number(other.isClicked) - Number(one.isClicked) ||
        other.asked - one.asked ||
        (one.form < other.form ? -1 : 1),
    )
}

function countUsers(
  { spellings }: MergedQuery,
  usersOf: ReadonlyMap<string, readonly number[]>,
): number {
  return new Set(spellings.flatMap((spelling) => usersOf.get(spelling) ?? [])).size
}

/** Logged texts that differ may be shown as one. */
function commonestText(spellings: readonly (QueryFigures & QueryForm)[]): string {
  const searches = new Map<string, number>()
  for (const { text, searches: count } of spellings)
    searches.set(text, (searches.get(text) ?? 0) + count)
  const [[commonest] = ['']] = [...searches].sort(
    ([one, first], [other, second]) => second - first || (one < other ? -1 : 1),
  )
  return commonest
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
