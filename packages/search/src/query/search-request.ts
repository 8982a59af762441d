import {
  err,
  invalidInput,
  isStorable,
  money,
  ok,
  rowId,
  storableText,
  validate,
} from '@headwater/core'
import type { InvalidInput, MoneyInput, Result } from '@headwater/core'
import { z } from 'zod'
import type { SearchFilters } from './search-filters.ts'
import type { LoggedClick } from './search-log.ts'

/** Options of a search: which courses may be found, how many, and for whom. */
export interface SearchOptions {
  /** Only courses of this category. */
  readonly category?: string | undefined
  /** Only courses of this difficulty. */
  readonly difficulty?: string | undefined
  /** Only courses of this instructor. */
  readonly instructorId?: number | undefined
  /** Only courses that cost this much or more. */
  readonly minPrice?: MoneyInput | undefined
  /** Only courses that cost this much or less. */
  readonly maxPrice?: MoneyInput | undefined
  /**
   * `true`: only courses that take another student.
   *
   * @defaultValue `false`
   */
  readonly hasSeats?: boolean | undefined
  /**
   * How many courses to find at most, 1 to 100.
   *
   * @defaultValue `10`
   */
  readonly limit?: number | undefined
  /**
   * Which page: the `nextPage` of a result of the same query and filters.
   *
   * @defaultValue the first
   */
  readonly page?: string | undefined
  /** Who searches, for the log; makes no difference to the results. */
  readonly userId?: number | undefined
}

/** Options of a search for similar courses. */
export type SimilarOptions = Omit<SearchOptions, 'page' | 'userId'>

/** Options of suggestions. */
export interface SuggestOptions {
  /**
   * How many to make at most, 1 to 20.
   *
   * @defaultValue `8`
   */
  readonly limit?: number | undefined
}

/** The defaults of {@link SearchOptions}. */
export const searchOptionsDefaults = { limit: 10 } as const

/** The defaults of {@link SuggestOptions}. */
export const suggestOptionsDefaults = { limit: 8 } as const

/** A search that has passed the checks. */
export interface SearchRequest {
  /** The normalised query. */
  readonly query: string
  /** The filters that are set, in a fixed order. */
  readonly filters: SearchFilters
  /** How many courses to find at most. */
  readonly limit: number
  /** Which page, as it was asked for. */
  readonly page: string | undefined
  /** Who searches. */
  readonly userId: number | undefined
}

const maxQueryLength = 500

const query = z
  .string()
  .max(maxQueryLength)
  .refine(isStorable, 'must contain neither NUL nor lone surrogates')
  .transform(normalise)
  .refine((text) => /[\p{L}\p{N}]/u.test(text), 'must contain a letter or a digit')

const filterInput = {
  category: storableText(100).optional(),
  difficulty: storableText(50).optional(),
  instructorId: rowId.optional(),
  minPrice: money.optional(),
  maxPrice: money.optional(),
  hasSeats: z.boolean().optional(),
  limit: z.int().min(1).max(100).default(searchOptionsDefaults.limit),
}

const pricesAreOrdered = ({
  minPrice = '0',
  maxPrice = '99999999.99',
}: {
  readonly minPrice?: string | undefined
  readonly maxPrice?: string | undefined
}): boolean => Number(minPrice) <= Number(maxPrice)
const pricesRule = { path: ['minPrice'], message: 'must not be above maxPrice' }

const searchOptions = z
  .strictObject({
    ...filterInput,
    page: z.string().min(1).max(200).optional(),
    userId: rowId.optional(),
  })
  .refine(pricesAreOrdered, pricesRule)
const similarOptions = z.strictObject(filterInput).refine(pricesAreOrdered, pricesRule)
const suggestOptions = z.strictObject({
  limit: z.int().min(1).max(20).default(suggestOptionsDefaults.limit),
})
const clickInput = z.strictObject({
  searchId: z.uuid(),
  courseId: rowId,
  position: z.int().min(1).max(10_000),
})

/**
 * Checks a search and brings it into the one form that equal searches have, whatever the order of
 * their options. Asks no store, never throws.
 */
export function parseSearch(
  text: string,
  options: SearchOptions,
): Result<SearchRequest, InvalidInput> {
  return both(
    validate(z.strictObject({ query }), { query: text }),
    validate(searchOptions, options),
  ).map((input) => ({
    query: input.query,
    filters: filtersOf(input),
    limit: input.limit,
    page: input.page,
    userId: input.userId,
  }))
}

/** Checks a search for similar courses; as {@link parseSearch}. */
export function parseSimilar(
  courseId: number,
  options: SimilarOptions,
): Result<SimilarRequest, InvalidInput> {
  return both(
    validate(z.strictObject({ courseId: rowId }), { courseId }),
    validate(similarOptions, options),
  ).map((input) => ({
    courseId: input.courseId,
    filters: filtersOf(input),
    limit: input.limit,
  }))
}

/** A search for similar courses that has passed the checks. */
export interface SimilarRequest {
  readonly courseId: number
  readonly filters: SearchFilters
  readonly limit: number
}

/** Checks a request for suggestions, and normalises it; as {@link parseSearch}. */
export function parseSuggest(
  text: string,
  options: SuggestOptions,
): Result<{ readonly prefix: string; readonly limit: number }, InvalidInput> {
  return both(
    validate(z.strictObject({ prefix: query }), { prefix: text }),
    validate(suggestOptions, options),
  )
}

/** Checks a click; as {@link parseSearch}. */
export function parseClick(click: LoggedClick): Result<LoggedClick, InvalidInput> {
  return validate(clickInput, click)
}

/**
 * One form for queries that differ in nothing but case, spacing and the encoding of the same
 * characters.
 */
export function normalise(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .toLowerCase()
}

/** The filters that are set, in one order. */
function filtersOf({
  category,
  difficulty,
  instructorId,
  minPrice,
  maxPrice,
  hasSeats,
}: Omit<z.output<typeof similarOptions>, 'limit'>): SearchFilters {
  return {
    ...(category === undefined ? {} : { category }),
    ...(difficulty === undefined ? {} : { difficulty }),
    ...(instructorId === undefined ? {} : { instructorId }),
    ...(minPrice === undefined ? {} : { minPrice }),
    ...(maxPrice === undefined ? {} : { maxPrice }),
    ...(hasSeats === true ? { hasSeats } : {}),
  }
}

/** What was asked for and its options as one input; every broken rule of both counts. */
function both<One extends object, Other extends object>(
  one: Result<One, InvalidInput>,
  other: Result<Other, InvalidInput>,
): Result<One & Other, InvalidInput> {
  if (one.isOk() && other.isOk()) return ok({ ...one.value, ...other.value })
  return err(invalidInput([one, other].flatMap((half) => (half.isErr() ? half.error.issues : []))))
}
