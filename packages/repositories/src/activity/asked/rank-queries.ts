import { mostOfUser } from './asked-figures.ts'
import type { QueryUser } from './asked-figures.ts'
import { inTurns } from './in-turns.ts'
import type { MergedQuery, Spelling } from './merge-spellings.ts'

/** How a query may be shown. */
export interface ShownText {
  readonly text: string
  /** At least so many users wrote it so. */
  readonly users: number
}

/** A query that enough users have asked. */
export interface RankedQuery {
  readonly form: string
  /** How enough users wrote it, the likeliest first; empty where they wrote it in several ways. */
  readonly shown: readonly ShownText[]
  /** At least so many users asked it, in any spelling. */
  readonly users: number
  readonly asked: number
  readonly isClicked: boolean
}

/** What queries are ranked by. */
export interface Ranking {
  /** The users of the spellings that are told apart. */
  readonly users: readonly QueryUser[]
  readonly minUsers: number
  /** Whether to end early. */
  readonly isOver: () => boolean
}

/**
 * The queries that enough users have asked, and that no more users asked in vain: those with a
 * click first, the most asked first.
 */
export async function rankQueries(
  merged: readonly MergedQuery[],
  { users, minUsers, isOver }: Ranking,
): Promise<RankedQuery[]> {
  const usersOf = new Map<string, number[]>()
  const add = ({ query, user }: QueryUser): void => {
    const others = usersOf.get(query)
    if (others === undefined) usersOf.set(query, [user])
    else others.push(user)
  }
  await inTurns(users, { visit: add, isOver })
  const ranked: RankedQuery[] = []
  const rank = (query: MergedQuery): void => {
    const one = ranking(query, { usersOf, minUsers })
    if (one !== undefined) ranked.push(one)
  }
  await inTurns(merged, { visit: rank, isOver })
  return ranked.sort(
    (one, other) =>
      Number(other.isClicked) - Number(one.isClicked) ||
      other.asked - one.asked ||
      (one.form < other.form ? -1 : 1),
  )
}

interface Known {
  readonly usersOf: ReadonlyMap<string, readonly number[]>
  readonly minUsers: number
}

function ranking({ form, spellings }: MergedQuery, known: Known): RankedQuery | undefined {
  const users = countUsers(spellings, known)
  // One user counts once, however many spellings: the sum would not.
  const missed = Math.max(...spellings.map((one) => one.missed))
  if (users < known.minUsers || missed > users) return undefined
  const asked = spellings.reduce((sum, one) => sum + one.asked, 0)
  return {
    form,
    users,
    shown: shownTexts(spellings, known),
    asked: Math.min(asked, mostOfUser * users),
    isClicked: spellings.some(({ clicked }) => clicked > 0),
  }
}

/** The text that most users wrote, and the words that more did, where enough users did so. */
function shownTexts(spellings: readonly Spelling[], known: Known): ShownText[] {
  const text = commonest(spellings, known, (one) => one.text)
  const words = commonest(spellings, known, (one) => one.words ?? one.text)
  const isOfMore = words.users > text.users
  return [text, ...(isOfMore ? [words] : [])].filter(({ users }) => users >= known.minUsers)
}

function commonest(
  spellings: readonly Spelling[],
  known: Known,
  textOf: (spelling: Spelling) => string,
): ShownText {
  return [...Map.groupBy(spellings, textOf)]
    .map(([text, alike]) => ({ text, users: countUsers(alike, known) }))
    .reduce((one, other) => (isCommoner(other, one) ? other : one))
}

function isCommoner(one: ShownText, other: ShownText): boolean {
  return one.users > other.users || (one.users === other.users && one.text < other.text)
}

/** The users of some spellings, each once; where they are not known, of the most asked one. */
function countUsers(spellings: readonly Spelling[], { usersOf }: Known): number {
  const users = new Set(spellings.flatMap(({ query }) => usersOf.get(query) ?? []))
  return spellings.reduce((most, one) => Math.max(most, one.users), users.size)
}
