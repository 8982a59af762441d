import { setImmediate } from 'node:timers/promises'
import type { Result, SqlError, Stores } from '@headwater/core'
import { ok } from '@headwater/core'
import type { SearchHit } from '../pages/hydrate.ts'
import { partsOf } from '../../typed/query-parts.ts'
import { searchText } from '../../spelling/search-text.ts'
import type { Synonyms } from '../../spelling/synonyms.ts'
import { degradedLeg } from '../legs.ts'
import type { DegradedLeg } from '../legs.ts'
import { askedWords } from './asked-words.ts'
import type { AskedWords } from './asked-words.ts'
import { descriptionMarks, excerptOf, rangesIn, titleMarks } from './highlights.ts'
import type { Stems } from './highlights.ts'
import { textWords } from './text-words.ts'
import type { TextWord } from './text-words.ts'

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

/** The part of a description that is marked, in UTF-16 code units. */
export const maxMarked = 8_000

/** The most words of texts whose stems are asked for, and the longest of them. */
const maxFound = 10_000
const maxWordLength = 100

/** Dependencies of {@link highlightHits}. */
export interface HighlightDeps {
  readonly stores: Stores
  readonly synonyms: Synonyms | undefined
}

/** What hits are marked by. */
export interface HighlightRequest {
  readonly query: string
  /** The corrected query. */
  readonly didYouMean?: string | undefined
  /** The time that PostgreSQL has, in milliseconds. */
  readonly deadlineMs: number
}

/** Hits that are marked. */
export interface HighlightedHits {
  readonly hits: readonly SearchHit[]
  /** The failure that the marks did without. */
  readonly degraded: readonly DegradedLeg[]
}

/**
 * Marks the words of a query in hits: 1 round trip of PostgreSQL, which knows their stems, and none
 * without hits. Where it fails or is late, words are marked as they stand. What is compared grows
 * with the texts alone, whatever is asked.
 */
export async function highlightHits(
  { stores, synonyms }: HighlightDeps,
  hits: readonly SearchHit[],
  { query, didYouMean, deadlineMs }: HighlightRequest,
): Promise<HighlightedHits> {
  if (hits.length === 0) return { hits, degraded: [] }
  const asked = askedWords(query, {
    corrected: didYouMean,
    synonyms: synonyms?.of(partsOf(query)).flat() ?? [],
  })
  const compare = remembering(searchText)
  const texts = await inTurns(
    hits.map((hit) => ({ hit })),
    ({ hit }) => ({
      hit,
      title: textWords(hit.course.title, compare),
      description: beginningOf(hit.course.description ?? '', compare),
    }),
  )
  const read = await stemsOf(stores, {
    asked: new Set([...asked.words, ...asked.rows.flat()]),
    found: wordsOf(texts),
    deadlineMs,
  })
  if (read.isErr())
    stores.diagnostics.emit('search:degraded', { leg: 'highlights', error: read.error })
  const stems = read.unwrapOr(asTheyStand)
  return {
    hits: await marked(texts, asked, stems),
    degraded: read.isErr() ? [degradedLeg('highlights', read.error)] : [],
  }
}

/** A hit, taken apart. */
interface HitWords {
  readonly hit: SearchHit
  readonly title: readonly TextWord[]
  readonly description: readonly TextWord[]
}

function marked(texts: readonly HitWords[], asked: AskedWords, stems: Stems): Promise<SearchHit[]> {
  const [inTitles, inDescriptions] = [titleMarks(asked, stems), descriptionMarks(asked, stems)]
  return inTurns(texts, ({ hit, title, description }) => {
    const ranges = rangesIn(description, inDescriptions)
    const excerpt = excerptOf(hit.course.description ?? '', description, ranges)
    return {
      ...hit,
      highlights: { title: rangesIn(title, inTitles), description: ranges, excerpt },
    }
  })
}

/** Works through hits, and lets others run after each 8,000 characters. */
async function inTurns<Each extends { readonly hit: SearchHit }, Done>(
  each: readonly Each[],
  work: (one: Each) => Done,
): Promise<Done[]> {
  const done: Done[] = []
  let characters = 0
  for (const one of each) {
    done.push(work(one))
    characters += one.hit.course.description?.length ?? 0
    if (characters < maxMarked) continue
    characters = 0
    await setImmediate()
  }
  return done
}

/** The words of the part that is marked, without one that goes on after it. */
function beginningOf(description: string, compare: typeof searchText): readonly TextWord[] {
  const words = textWords(description.slice(0, maxMarked), compare)
  return description.length > maxMarked ? words.filter(({ end }) => end < maxMarked) : words
}

/** Texts have the same words over and over. */
function remembering(compare: typeof searchText): typeof searchText {
  const known = new Map<string, string>()
  return (text) => {
    const form = known.get(text) ?? compare(text)
    known.set(text, form)
    return form
  }
}

/** The different words of hits, those of titles first. */
function wordsOf(texts: readonly HitWords[]): ReadonlySet<string> {
  const words = [
    ...texts.flatMap(({ title }) => title),
    ...texts.flatMap(({ description }) => description),
  ]
  return new Set(
    [...new Set(words.map(({ word }) => word))]
      .filter(({ length }) => length <= maxWordLength)
      .slice(0, maxFound),
  )
}

const asTheyStand: Stems = { formsOf: (asked) => new Set([asked]), isCommon: () => false }

interface AskedStems {
  readonly asked: ReadonlySet<string>
  readonly found: ReadonlySet<string>
  readonly deadlineMs: number
}

async function stemsOf(
  { postgres }: Stores,
  { asked, found, deadlineMs }: AskedStems,
): Promise<Result<Stems, SqlError>> {
  if (asked.size === 0) return ok(asTheyStand)
  const words = [[...asked], [...new Set([...asked, ...found])]]
  const read = await postgres.query<{ asked: string; found: string }>(selectForms, words, {
    deadlineMs,
  })
  return read.map(({ rows }) => {
    const forms = new Map([...asked].map((word) => [word, new Set<string>()]))
    for (const { asked: word, found: form } of rows) forms.get(word)?.add(form)
    return {
      formsOf: (word) => new Set([word, ...(forms.get(word) ?? [])]),
      isCommon: (word) => forms.get(word)?.has(word) !== true,
    }
  })
}
