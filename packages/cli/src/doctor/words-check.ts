import { isMissingTable, type Stores } from '@headwater/core'
import type { Findings } from './check.ts'
import { selectOtherWords } from './postgres-queries.ts'

/** What the check of the words needs. */
export interface WordsCheckDeps {
  readonly stores: Stores
  /** Time that a statement has, in milliseconds. */
  readonly deadlineMs: number
}

/** Whether searches read words that this server makes of the courses: of some of them. */
export async function checkWords(
  { stores, deadlineMs }: WordsCheckDeps,
  findings: Findings,
): Promise<void> {
  const found = await stores.postgres.query<WordsRow>(selectOtherWords, [], { deadlineMs })
  if (found.isErr())
    return isMissingTable(found.error)
      ? undefined
      : findings.unanswered('search-words', found.error.message)
  const [{ sampled, differing } = { sampled: 0, differing: 0 }] = found.value.rows
  if (differing === 0)
    return findings.ok('search-words', 'searches read the words of the courses, as far as looked')
  findings.warn(
    'search-words',
    `searches read other words than those of the course, for ${differing} of ${sampled} looked at`,
    'headwater search words',
  )
}

interface WordsRow {
  readonly sampled: number
  readonly differing: number
}
