import { leastAlone } from '../fusion/fuse-by-evidence.ts'
import type { SearchHit } from '../pages/hydrate.ts'
import type { ExplainedHit, SearchExplanation } from './search-explanation.ts'
import type { LookNotes } from './search-trace.ts'

/** What the legs found out about a course. */
export interface CourseFacts {
  readonly similarity?: number
  readonly wordShare: number
  readonly hasAllWords: boolean
  /** Whether the leg by words ranked it. */
  readonly hasWords: boolean
}

const unknown: CourseFacts = { wordShare: 0, hasAllWords: false, hasWords: false }

/** What the looks found out about each course; the deepest look counts. */
export function factsOf(looks: readonly LookNotes[]): ReadonlyMap<number, CourseFacts> {
  const facts = new Map<number, CourseFacts>()
  const learn = (id: number, learnt: Partial<CourseFacts>): void => {
    facts.set(id, { ...unknown, ...facts.get(id), ...learnt })
  }
  for (const { near = [], words, legs } of looks) {
    for (const { id, score } of near) learn(id, { similarity: fourDecimals(score) })
    for (const { id, coverage } of words?.rows ?? [])
      learn(id, { wordShare: fourDecimals(coverage) })
    for (const { id, coverage, hasAll } of legs?.lexical ?? [])
      learn(id, { wordShare: fourDecimals(coverage), hasAllWords: hasAll, hasWords: true })
  }
  return facts
}

/** The hits, with what the legs found out about them. */
export function explainHits(
  hits: readonly SearchHit[],
  facts: ReadonlyMap<number, CourseFacts>,
): ExplainedHit[] {
  return hits.map(({ course: { id: courseId }, rank, score, legs, pinned }) => {
    const { hasAllWords, hasWords, ...shown } = facts.get(courseId) ?? unknown
    const isFound = Object.keys(legs).length > 0
    const tier = !isFound && pinned === true ? 'pinned' : tierOf({ hasAllWords, hasWords })
    return { courseId, rank, score, tier, ...(pinned && { pinned }), legs, ...shown }
  })
}

function tierOf({
  hasAllWords,
  hasWords,
}: Pick<CourseFacts, 'hasAllWords' | 'hasWords'>): ExplainedHit['tier'] {
  if (hasAllWords) return 'all-words'
  return hasWords ? 'some-words' : 'meaning-alone'
}

/** What each leg was asked, and how they were merged. */
export function explainLegs(
  look: LookNotes,
): Pick<SearchExplanation, 'words' | 'meaning' | 'mergedBy'> {
  return { ...explainWords(look), ...explainMeaning(look), mergedBy: mergedBy(look) }
}

/** The least similarity that a course without any of the words needs. */
export function leastAloneIn(look: LookNotes): number {
  const { legs, scale } = look
  if (scale === undefined) return Infinity
  return legs?.dense !== undefined && legs.lexical !== undefined && mergedBy(look) === 'evidence'
    ? leastAlone({ dense: legs.dense.found, lexical: legs.lexical }, scale)
    : scale.floor
}

function explainWords({ words, legs }: LookNotes): Pick<SearchExplanation, 'words'> {
  if (words === undefined || legs?.lexical === undefined) return {}
  const { asked, phrases, excluded, corrections = new Map<string, readonly string[]>() } = words
  return {
    words: {
      words: asked.map(({ parts }) => parts.join(' ')),
      phrases,
      excluded,
      corrections: Object.fromEntries(corrections),
      synonyms: Object.fromEntries(
        asked
          .filter(({ synonyms }) => synonyms.length > 0)
          .map(({ parts, synonyms }) => [
            parts.join(' '),
            [...new Set(synonyms.map((synonym) => synonym.join(' ')))],
          ]),
      ),
    },
  }
}

function explainMeaning(look: LookNotes): Pick<SearchExplanation, 'meaning'> {
  const { text, scale, legs, given } = look
  if (text === undefined || scale === undefined || legs?.dense === undefined) return {}
  return {
    meaning: {
      text,
      floor: scale.floor,
      floorFrom: given?.minSimilarity === undefined ? 'measured' : 'given',
      typical: scale.typical,
      leastAlone: leastAloneIn(look),
    },
  }
}

function mergedBy({ legs, given }: LookNotes): SearchExplanation['mergedBy'] {
  if (legs?.dense === undefined) return 'words-alone'
  if (legs.lexical === undefined) return 'meaning-alone'
  return given?.denseWeight === undefined ? 'evidence' : 'ranks'
}

/** As precise as the scores of hits. */
function fourDecimals(value: number): number {
  return Number(value.toFixed(4))
}
