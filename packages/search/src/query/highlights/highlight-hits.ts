import { setImmediate } from 'node:timers/promises'
import type { Stores } from '@headwater/core'
import type { SearchHit } from '../pages/hydrate.ts'
import { partsOf } from '../../typed/query-parts.ts'
import { configurationOf } from '../../spelling/languages.ts'
import { markedText, searchText } from '../../spelling/search-text.ts'
import type { Synonyms } from '../../spelling/synonyms.ts'
import { degradedLeg } from '../legs.ts'
import type { DegradedLeg } from '../legs.ts'
import { askedWords } from './asked-words.ts'
import type { AskedWords } from './asked-words.ts'
import { descriptionMarks, excerptOf, rangesIn, titleMarks } from './highlights.ts'
import type { Marks } from './highlights.ts'
import { asTheyStand, stemsOf } from './stems.ts'
import type { StemsIn } from './stems.ts'
import { textWords } from './text-words.ts'
import type { TextWord } from './text-words.ts'

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
  const configurations = new Set(hits.map(({ course }) => configurationOf(course.language)))
  const isEnglish = [...configurations].every((name) => name === 'english')
  const formOf = isEnglish ? undefined : markedText
  const read = await stemsOf(stores, {
    asked: new Map(
      [...asked.words, ...asked.rows.flat()].map((word) => [word, asked.marked.get(word) ?? word]),
    ),
    found: wordsOf(texts, formOf),
    configurations: [...configurations],
    deadlineMs,
  })
  if (read.isErr())
    stores.diagnostics.emit('search:degraded', { leg: 'highlights', error: read.error })
  const stems = read.unwrapOr(() => asTheyStand)
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

function marked(
  texts: readonly HitWords[],
  asked: AskedWords,
  stemsIn: StemsIn,
): Promise<SearchHit[]> {
  const known = new Map<string, readonly [Marks, Marks]>()
  const marksIn = (name: string): readonly [Marks, Marks] => {
    const stems = stemsIn(name)
    const marks = known.get(name) ?? [titleMarks(asked, stems), descriptionMarks(asked, stems)]
    known.set(name, marks)
    return marks
  }
  return inTurns(texts, ({ hit, title, description }) => {
    const [inTitles, inDescriptions] = marksIn(configurationOf(hit.course.language))
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

/**
 * The different words of hits, those of titles first, each in this form as well, of the place where
 * it comes first.
 */
function wordsOf(
  texts: readonly HitWords[],
  formOf: typeof markedText | undefined,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const add = (text: string, words: readonly TextWord[]): void => {
    for (const { word, start, end } of words) {
      if (found.size >= maxFound) return
      if (word.length > maxWordLength || found.has(word)) continue
      found.set(word, formOf === undefined ? word : formOf(text.slice(start, end)))
    }
  }
  for (const { hit, title } of texts) add(hit.course.title, title)
  for (const { hit, description } of texts) add(hit.course.description ?? '', description)
  return found
}
