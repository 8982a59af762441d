import type { AskedWords } from './asked-words.ts'
import { textWords } from './text-words.ts'
import type { TextRange, TextWord } from './text-words.ts'

/** Where a hit has the words of the query. Ranges are in order and do not overlap. */
export interface HitHighlights {
  /** Ranges of the course's title. */
  readonly title: readonly TextRange[]
  /** Ranges of the course's description. */
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
  /** Whether a word of a text is one that was asked for, in some form. */
  readonly isForm: (word: string, asked: string) => boolean
  /** Whether a word is so common that only titles and quoted texts count. */
  readonly isCommon: (asked: string) => boolean
}

/** The words of a title that were asked for. */
export function titleRanges(title: string, asked: AskedWords, stems: Stems): readonly TextRange[] {
  return rangesIn(textWords(title), asked, stems)
}

/** The words of a description that were asked for, and the best part of it. */
export function descriptionHighlights(
  description: string,
  asked: AskedWords,
  stems: Stems,
): Pick<HitHighlights, 'description' | 'excerpt'> {
  const words = textWords(description)
  const rare = new Set([...asked.words].filter((word) => !stems.isCommon(word)))
  const ranges = rangesIn(words, { ...asked, words: rare }, stems)
  return { description: ranges, excerpt: excerptOf(description, words, ranges) }
}

function rangesIn(
  words: readonly TextWord[],
  { words: asked, rows, beginning }: AskedWords,
  { isForm }: Stems,
): TextRange[] {
  const forms = [...asked]
  const single = words.filter(
    ({ word }) =>
      (beginning !== undefined && word.startsWith(beginning)) ||
      forms.some((form) => isForm(word, form)),
  )
  const inRow = rows.flatMap((row) =>
    words.flatMap(({ start }, place) => {
      const end = words[place + row.length - 1]?.end
      const isRow = row.every((each, offset) => isForm(words[place + offset]?.word ?? '', each))
      return row.length > 0 && end !== undefined && isRow ? [{ start, end }] : []
    }),
  )
  return merged([...single.map(({ start, end }) => ({ start, end })), ...inRow])
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
function excerptOf(
  text: string,
  words: readonly TextWord[],
  ranges: readonly TextRange[],
): Excerpt | null {
  const marked = words.filter(({ start }) =>
    ranges.some((range) => range.start <= start && start < range.end),
  )
  const within = ({ start }: TextWord): readonly TextWord[] =>
    marked.filter((word) => word.start >= start && word.end <= start + maxExcerpt)
  const [{ first: best } = {}] = marked
    .slice(0, maxStarts)
    .map((first) => ({ first, variety: new Set(within(first).map(({ word }) => word)).size }))
    .toSorted((one, other) => other.variety - one.variety)
  if (best === undefined) return null
  const end = within(best).at(-1)?.end ?? best.end
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
