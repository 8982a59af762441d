import type { Abortable, MoneyInput } from '@headwater/core'
import type { CourseSort } from '@headwater/repositories'

/** Filters of a search. */
export interface SearchFilterOptions extends Abortable {
  /** Only courses of this category, or of one of these, at most 100. */
  readonly category?: string | readonly string[] | undefined
  /** Only courses of this difficulty, or of one of these, at most 100. */
  readonly difficulty?: string | readonly string[] | undefined
  /**
   * Only courses in this language, or in one of these, at most 100: tags of BCP 47, compared whole,
   * so that `pt` is not `pt-BR`.
   */
  readonly language?: string | readonly string[] | undefined
  /** Only courses of this instructor, or of one of these, at most 100. */
  readonly instructorId?: number | readonly number[] | undefined
  /** Only courses that cost at least this. */
  readonly minPrice?: MoneyInput | undefined
  /** Only courses that cost at most this. */
  readonly maxPrice?: MoneyInput | undefined
  /**
   * `true`: only courses that take another student; `false`: only full ones.
   *
   * @defaultValue both
   */
  readonly hasSeats?: boolean | undefined
}

/** The orders of a search: by relevance to the query, or as a list of courses. */
export const searchSorts = [
  'relevance',
  'newest',
  'price-ascending',
  'price-descending',
  'title',
  'popularity',
] as const satisfies readonly ('relevance' | CourseSort)[]

/** The order of a search. */
export type SearchSort = (typeof searchSorts)[number]

/** Options of a search: filters, order, the number of courses, and who searches. */
export interface SearchOptions extends SearchFilterOptions {
  /**
   * The order of the courses; of equal ones, by id. Orders other than `relevance` sort the courses
   * that the search finds at its deepest, the best 800 by words and the best 800 by meaning.
   *
   * @defaultValue `'relevance'`
   */
  readonly sort?: SearchSort | undefined
  /**
   * The most courses to find, 1 to 100.
   *
   * @defaultValue `10`
   */
  readonly limit?: number | undefined
  /**
   * The `nextCursor` of a result for the same query, filters and order.
   *
   * @defaultValue the first page
   */
  readonly cursor?: string | undefined
  /** The searching user, for the log; has no effect on the result. */
  readonly userId?: number | undefined
  /**
   * Whether the result has an `explanation`: what each leg was asked, why each hit stands where it
   * stands, and which courses were dropped, and why. Such a search is as dear as one that is not
   * cached, and its ranking is not stored. With `{ courses: [5] }` it also has what became of these
   * courses, 1 to 50, whether a leg found them or not: one more search, 800 courses deep, where
   * there may be more, and 1 round trip of PostgreSQL where the query has operators.
   *
   * @defaultValue `false`
   */
  readonly explain?: boolean | { readonly courses: readonly number[] } | undefined
  /**
   * Whether each hit has `highlights`: where its title and the first 8,000 characters of its
   * description have the words of the query. Costs 1 round trip of PostgreSQL; where that fails or
   * is late, words are marked as they stand, and `degraded` names `highlights`.
   *
   * @defaultValue `false`
   */
  readonly highlights?: boolean | undefined
}

/** Options of a search for similar courses. */
export type SimilarOptions = Omit<
  SearchOptions,
  'sort' | 'cursor' | 'userId' | 'explain' | 'highlights'
>

/** Options of a count: filters, and what is counted together. */
export interface CountOptions extends SearchFilterOptions {
  /**
   * The prices at which a new band begins, ascending, 1 to 20, the first above 0: `[20, 50]` counts
   * courses below 20, from 20 to 49.99, and from 50 on.
   *
   * @defaultValue `['0.01', '20', '50', '100', '200']`, whose first band are the free courses
   */
  readonly priceBands?: readonly MoneyInput[] | undefined
}

/** Options of suggestions. */
export interface SuggestOptions extends Abortable {
  /**
   * The most suggestions to make, 1 to 20.
   *
   * @defaultValue `8`
   */
  readonly limit?: number | undefined
}

/** The defaults of {@link SearchOptions}. */
export const searchOptionsDefaults = { limit: 10, sort: 'relevance' } as const

/** The defaults of {@link CountOptions}. */
export const countOptionsDefaults = {
  priceBands: ['0.01', '20.00', '50.00', '100.00', '200.00'],
} as const

/** The defaults of {@link SuggestOptions}. */
export const suggestOptionsDefaults = { limit: 8 } as const
