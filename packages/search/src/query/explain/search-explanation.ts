import type { FusedCourse } from '../fusion/fuse.ts'
import type { SearchFilterOptions } from '../search-options.ts'

/**
 * How a search came to its result: what each leg was asked, where each hit stands and why, and
 * which courses a leg found that the result does not have.
 */
export interface SearchExplanation {
  /** The query as the leg by words was given it; absent when the leg failed. */
  readonly words?: ExplainedWords
  /** The query as the leg by meaning was given it; absent when the leg failed. */
  readonly meaning?: ExplainedMeaning
  /**
   * How the legs were merged: by what they found (`evidence`), by rank because a `denseWeight` is
   * given (`ranks`), or not, since only one leg answered.
   */
  readonly mergedBy: 'evidence' | 'ranks' | 'words-alone' | 'meaning-alone'
  /** The hits, in the order of the result. */
  readonly hits: readonly ExplainedHit[]
  /**
   * Courses that a leg found and this page does not have, at most 50: first what PostgreSQL denied,
   * then what was left out of the ranking, then what is on other pages.
   */
  readonly dropped: readonly DroppedCourse[]
  /** The number of these courses, those beyond the first 50 among them. */
  readonly droppedCount: number
  /** The courses that were asked about, in the order of the question; only where some were. */
  readonly asked?: readonly AskedCourse[]
  /** Where the time went. */
  readonly timings: SearchTimings
}

/** The query of the leg by words. */
export interface ExplainedWords {
  /** The words, in compared form; `node.js` is `node js`. */
  readonly words: readonly string[]
  /** The quoted texts. */
  readonly phrases: readonly string[]
  /** The texts behind a minus. */
  readonly excluded: readonly string[]
  /** The words that no course has, with the words that were looked for as well. */
  readonly corrections: Readonly<Record<string, readonly string[]>>
  /** The words that the host has given synonyms, with these, in compared form. */
  readonly synonyms: Readonly<Record<string, readonly string[]>>
}

/** The query of the leg by meaning. */
export interface ExplainedMeaning {
  /** The text that was embedded. */
  readonly text: string
  /** The cosine similarity below which texts may mean nothing to each other. */
  readonly floor: number
  /** Whether the floor was measured in this catalogue, or given by the host or the embedder. */
  readonly floorFrom: 'measured' | 'given'
  /** The cosine similarity that unrelated texts have. */
  readonly typical: number
  /** The least cosine similarity of a course without any word, in this search. */
  readonly leastAlone: number
}

/** Why a hit stands where it stands. */
export interface ExplainedHit {
  /** The course. */
  readonly courseId: number
  /** Its rank in the result, from 1, across pages. */
  readonly rank: number
  /** Its score in the merged ranking. */
  readonly score: number
  /**
   * What it has of the query; `pinned` where no leg found it and the host wants it first. Merged by
   * evidence, courses with `all-words` come first, and what similarity adds orders the others.
   */
  readonly tier: 'all-words' | 'some-words' | 'meaning-alone' | 'pinned'
  /** The host wants it first for this query, whether a leg found it or not. */
  readonly pinned?: true
  /** Its rank and score in each leg and by the reranker. */
  readonly legs: FusedCourse['legs']
  /** Its cosine similarity to the query; absent where the index did not find it. */
  readonly similarity?: number
  /** Its share of the words of the query, by their weight, 0 to 1. */
  readonly wordShare: number
}

/** Why a course is not on a page. */
export type DropReason =
  /** It does not exist any more. */
  | 'deleted'
  /** It is not published any more. */
  | 'unpublished'
  /** It is outside a filter now. */
  | 'filtered'
  /** It lacks a quoted text, or has a text behind a minus. */
  | 'excluded'
  /** It is less similar to the query than a course without its words must be. */
  | 'below-floor'
  /** It has none of the words, and others are as similar to the query. */
  | 'not-distinct'
  /** It has only common words or numbers of the query, or less than half of a misspelt one. */
  | 'too-few-words'
  /** It is on an earlier page. */
  | 'earlier-page'
  /** It is further down than this page. */
  | 'further-down'

/** A course that a leg found and a page does not have. */
export interface DroppedCourse {
  /** The course. */
  readonly courseId: number
  /** Why. */
  readonly reason: DropReason
  /** The filters that it fails; only where the reason is `filtered`. */
  readonly filters?: readonly Exclude<keyof SearchFilterOptions, 'signal'>[]
  /** Its cosine similarity to the query; absent where the index did not find it. */
  readonly similarity?: number
  /** Its share of the words of the query, by their weight, 0 to 1. */
  readonly wordShare: number
}

/** What became of a course that was asked about. */
export interface AskedCourse extends Omit<DroppedCourse, 'reason' | 'wordShare'> {
  /**
   * `shown`: it is on this page. `not-found`: it is published and within the filters, and no leg
   * that answered found it, as deep as the last page would look. Otherwise why it is not here;
   * `deleted` also where it never was. What PostgreSQL says of the course itself comes first.
   */
  readonly reason: DropReason | 'shown' | 'not-found'
  /**
   * Its share of the words of the query, by their weight, 0 to 1. Absent where that is not known:
   * the leg by words failed or found as many as it may, or did not look at this course because it
   * is not published, fails a filter or is excluded.
   */
  readonly wordShare?: number
}

/**
 * Durations in milliseconds, over all looks into the legs for the page; 0 for what did not happen.
 * The legs run side by side, and `embeddingMs` is a part of `denseMs`.
 */
export interface SearchTimings {
  /** Embedding the query; no more than a look into the cache for one of the last week. */
  readonly embeddingMs: number
  /** The leg by meaning. */
  readonly denseMs: number
  /** The leg by words. */
  readonly lexicalMs: number
  /** Merging the legs. */
  readonly fusionMs: number
  /** The reranker, with the courses that it is given. */
  readonly rerankMs: number
  /** Reading the courses of the page. */
  readonly readingMs: number
}

/** The most courses that {@link SearchExplanation.dropped} has. */
export const maxDropped = 50
