import type { Stores } from '@headwater/core'
import type { SearchHit } from '../pages/hydrate.ts'
import { askedWords } from './asked-words.ts'
import { descriptionHighlights, titleRanges } from './highlights.ts'
import type { Stems } from './highlights.ts'
import { textWords } from './text-words.ts'

/**
 * Words that share a stem, as PostgreSQL's configuration `english` has it. $1 words that were asked
 * for, $2 words of texts.
 */
const selectForms = `
  SELECT DISTINCT asked.word AS asked, found.word AS found
  FROM (
    SELECT word, unnest(tsvector_to_array(to_tsvector('english', word))) AS stem
    FROM unnest($1::text[]) AS word
  ) AS asked JOIN (
    SELECT word, unnest(tsvector_to_array(to_tsvector('english', word))) AS stem
    FROM unnest($2::text[]) AS word
  ) AS found USING (stem)`

/** What hits are marked by. */
export interface HighlightRequest {
  readonly query: string
  /** The corrected query. */
  readonly didYouMean?: string | undefined
}

/**
 * Marks the words of a query in hits: 1 round trip of PostgreSQL, which knows their stems. Where it
 * fails, words are marked as they stand.
 */
export async function highlightHits(
  stores: Stores,
  hits: readonly SearchHit[],
  { query, didYouMean }: HighlightRequest,
): Promise<SearchHit[]> {
  const asked = askedWords(query, didYouMean)
  const texts = hits.flatMap(({ course }) => [course.title, course.description ?? ''])
  const stems = await stemsOf(stores, {
    asked: [...new Set([...asked.words, ...asked.rows.flat()])],
    found: [...new Set(texts.flatMap((text) => textWords(text).map(({ word }) => word)))],
  })
  return hits.map((hit) => ({
    ...hit,
    highlights: {
      title: titleRanges(hit.course.title, asked, stems),
      ...descriptionHighlights(hit.course.description ?? '', asked, stems),
    },
  }))
}

async function stemsOf(
  { postgres, diagnostics }: Stores,
  words: { readonly asked: readonly string[]; readonly found: readonly string[] },
): Promise<Stems> {
  const read = await postgres.query<{ asked: string; found: string }>(selectForms, [
    words.asked,
    [...words.asked, ...words.found],
  ])
  if (read.isErr()) {
    diagnostics.emit('search:degraded', { leg: 'lexical', error: read.error })
    return { isForm: (word, asked) => word === asked, isCommon: () => false }
  }
  const forms = new Set(read.value.rows.map(({ asked, found }) => `${asked} ${found}`))
  return {
    isForm: (word, asked) => word === asked || forms.has(`${asked} ${word}`),
    isCommon: (asked) => !forms.has(`${asked} ${asked}`),
  }
}
