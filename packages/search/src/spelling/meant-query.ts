import type { CallBudget, Result, SqlError, Stores } from '@headwater/core'
import { didYouMean } from './did-you-mean.ts'
import { partsOf, plainWords } from './query-words.ts'
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
}

/** The best courses, whose titles show how words are written. */
const maxTitles = 20

/**
 * The query that was meant by one with misspelt words; `undefined` where it finds nothing. 1 round
 * trip for the spelling of titles; 1 before it where words were not found as corrected, since they
 * are quoted or parts of another word.
 */
export async function meantQuery(
  { stores, spelling }: { readonly stores: Stores; readonly spelling: Spelling },
  { query, corrections, found, search, budget }: CorrectedSearch,
): Promise<string | undefined> {
  const courses = await coursesWith()
  if (courses.length === 0) return undefined
  const titles = await spelling.titlesOf(courses.slice(0, maxTitles), budget.left())
  if (titles.isErr()) swallow(titles.error)
  return didYouMean(query, corrections, titles.unwrapOr([]))

  async function coursesWith(): Promise<readonly number[]> {
    if (areFoundCorrected(query, corrections)) return found
    const supposed = didYouMean(query, corrections, [])
    const proof = supposed === undefined ? undefined : await search(supposed)
    if (proof?.isErr() === true) swallow(proof.error)
    return proof?.unwrapOr([]) ?? []
  }

  function swallow(error: SqlError): void {
    stores.diagnostics.emit('search:degraded', { leg: 'lexical', error })
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
