import type { CallBudget, Result, SqlError } from '@headwater/core'
import { didYouMean } from './did-you-mean.ts'
import { plainWords } from './query-words.ts'
import { partsOf } from '../typed/query-parts.ts'
import type { Corrections, Spelling } from './spelling.ts'

/** A search for words, some of which were corrected. */
export interface CorrectedSearch {
  /** The normalised query. */
  readonly query: string
  readonly corrections: Corrections
  /** The courses that were found with the corrections, best first. */
  readonly found: readonly number[]
  /** The courses with every word of another query. */
  readonly search: (query: string) => Promise<Result<readonly number[], SqlError>>
  readonly budget: CallBudget
  /** Is told of each failure that the query does without. */
  readonly onFailure: (error: SqlError) => void
}

/** The best courses, whose titles show how words are written. */
const maxTitles = 20

/**
 * The query that was meant by one with misspelt words; absent where it finds nothing. 1 round
 * trip for the spelling of titles; 1 before it where words were not found as corrected, since they
 * are quoted or parts of another word.
 */
export async function meantQuery(
  spelling: Spelling,
  { query, corrections, found, search, budget, onFailure }: CorrectedSearch,
): Promise<{ readonly didYouMean?: string }> {
  const courses = await coursesWith()
  if (courses.length === 0) return {}
  const titles = await spelling.titlesOf(courses.slice(0, maxTitles), budget.left())
  if (titles.isErr()) onFailure(titles.error)
  const meant = didYouMean(query, corrections, titles.unwrapOr([]))
  return meant === undefined ? {} : { didYouMean: meant }

  async function coursesWith(): Promise<readonly number[]> {
    if (areFoundCorrected(query, corrections)) return found
    const supposed = didYouMean(query, corrections, [])
    const proof = supposed === undefined ? undefined : await search(supposed)
    if (proof?.isErr() === true) onFailure(proof.error)
    return proof?.unwrapOr([]) ?? []
  }
}

/** Whether a search finds the corrections of all words: of quoted ones and of parts it does not. */
function areFoundCorrected(query: string, corrections: Corrections): boolean {
  const { text, phrases } = partsOf(query)
  const isMisspelt = (word: string): boolean => corrections.has(word)
  return (
    !phrases.some((phrase) => plainWords(phrase).some(isMisspelt)) &&
    text
      .split(' ')
      .map(plainWords)
      .every((words) => words.length === 1 || !words.some(isMisspelt))
  )
}
