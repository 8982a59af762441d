import type { AskedWords } from './asked-words.ts'
import type { TextRange, TextWord } from './text-words.ts'

/** Where a hit has the words of the query. Ranges are in order and do not overlap. */
export interface HitHighlights {
  /** Ranges of the course's title. */
  readonly title: readonly TextRange[]
  /** Ranges of the first 8,000 characters of the course's description. */
  readonly description: readonly TextRange[]
  /** The part of the description that has most of the words; `null` where it has none. */
  readonly excerpt: Excerpt | null
}

/** A part of a description. */
export interface Excerpt {
  /** At most 200 UTF-16 code units, longer only by a single longer word. */
  readonly text: string
  /** Where it starts in the description. */
  readonly start: number
  /** Ranges of its own text. */
  readonly ranges: readonly TextRange[]
}

const maxExcerpt = 200

/** The most places that are compared. */
const maxStarts = 200

/** Words of texts that share a stem with words that were asked for. */
export interface Stems {
  /** The words of texts that are some form of one that was asked for, itself among them. */
  readonly formsOf: (asked: string) => ReadonlySet<string>
  /** Whether a word is so common that only titles and quoted texts count. */
  readonly isCommon: (asked: string) => boolean
}

/** What is marked in texts: words in the forms that texts have, so that each is looked up once. */
export interface Marks {
  readonly words: ReadonlySet<string>
  /** Forms of words that are marked in a row, by each form of the first word. */
  readonly rows: ReadonlyMap<string, readonly Row[]>
  readonly beginning: string | undefined
}

type Row = readonly ReadonlySet<string>[]

/** What is marked in titles. */
export function titleMarks({ words, rows, beginning }: AskedWords, { formsOf }: Stems): Marks {
  const different = new Map(rows.map((row) => [row.join(' '), row])).values()
  const byFirst = [...different].flatMap((row) => {
    const forms = row.map(formsOf)
    return [...(forms[0] ?? [])].map((first) => ({ first, forms }))
  })
  const rowsOf = Map.groupBy(byFirst, ({ first }) => first)
  return {
    words: new Set([...words].flatMap((word) => [...formsOf(word)])),
    rows: new Map([...rowsOf].map(([first, all]) => [first, all.map(({ forms }) => forms)])),
    beginning,
  }
}

/** What is marked in descriptions: no common words. */
export function descriptionMarks(asked: AskedWords, stems: Stems): Marks {
  const { words, beginning } = asked
  return titleMarks(
    {
      ...asked,
      words: new Set([...words].filter((word) => !stems.isCommon(word))),
      beginning: beginning !== undefined && stems.isCommon(beginning) ? undefined : beginning,
    },
    stems,
  )
}

/** Where a text has what is marked, from its words. */
export function rangesIn(words: readonly TextWord[], marks: Marks): TextRange[] {
  const { rows, beginning } = marks
  return merged(
    words.flatMap(({ word, start, end }, place) => {
      const isMarked =
        marks.words.has(word) || (beginning !== undefined && word.startsWith(beginning))
      const inRow = (rows.get(word) ?? []).flatMap((row) => {
        const last = words[place + row.length - 1]
        const isRow = row.every((forms, offset) => forms.has(words[place + offset]?.word ?? ''))
        return isRow && last !== undefined ? [{ start, end: last.end }] : []
      })
      return isMarked ? [{ start, end }, ...inRow] : inRow
    }),
  )
}

function merged(ranges: readonly TextRange[]): TextRange[] {
  const result: TextRange[] = []
  for (const range of ranges.toSorted((one, other) => one.start - other.start)) {
    const last = result.at(-1)
    if (last === undefined || range.start > last.end) result.push(range)
    else result.splice(-1, 1, { start: last.start, end: Math.max(last.end, range.end) })
  }
  return result
}

/** The part with most different marked words, cut between words. */
export function excerptOf(
  text: string,
  words: readonly TextWord[],
  ranges: readonly TextRange[],
): Excerpt | null {
  const marked = wordsWithin(words, ranges)
  const within = (place: number): readonly TextWord[] => {
    const stop = (marked[place]?.start ?? 0) + maxExcerpt
    // A word has a character at least, and another one before the next word.
    const near = marked.slice(place, place + maxExcerpt)
    return near.filter((word) => word.end <= stop)
  }
  const [{ first: best, place = 0 } = {}] = marked
    .slice(0, maxStarts)
    .map((first, place) => ({
      first,
      place,
      variety: new Set(within(place).map(({ word }) => word)).size,
    }))
    .toSorted((one, other) => other.variety - one.variety)
  if (best === undefined) return null
  const end = within(place).at(-1)?.end ?? best.end
  const room = Math.max(0, maxExcerpt - (end - best.start))
  const from = words.find(({ start }) => start >= best.start - room / 2)?.start ?? best.start
  const to = words.findLast((word) => word.end <= from + maxExcerpt)?.end ?? end
  const [start, stop] = [from, Math.max(end, to)]
  return {
    text: text.slice(start, stop),
    start,
    ranges: ranges.flatMap((range) => {
      const part = {
        start: Math.max(0, range.start - start),
        end: Math.min(stop, range.end) - start,
      }
      return part.start < part.end ? [part] : []
    }),
  }
}

/** The words that begin within ranges; both are in order. */
function wordsWithin(
  words: readonly TextWord[],
  ranges: readonly TextRange[],
): readonly TextWord[] {
  let next = 0
  return words.filter(({ start }) => {
    while ((ranges[next]?.end ?? Infinity) <= start) next += 1
    return (ranges[next]?.start ?? Infinity) <= start
  })
}
