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
import type { Abortable, InvalidInput, MoneyInput, Result } from '@headwater/core'
import * as z from 'zod'
import type { SearchFilters } from './search-filters.ts'
import type { LoggedClick } from './search-log.ts'
import type { SuggestRequest } from '../spelling/suggest.ts'

/** Options of a search: filters, the number of courses, and who searches. */
export interface SearchOptions extends Abortable {
  /** Only courses of this category. */
  readonly category?: string | undefined
  /** Only courses of this difficulty. */
  readonly difficulty?: string | undefined
  /** Only courses of this instructor. */
  readonly instructorId?: number | undefined
  /** Only courses that cost at least this. */
  readonly minPrice?: MoneyInput | undefined
  /** Only courses that cost at most this. */
  readonly maxPrice?: MoneyInput | undefined
  /**
   * `true`: only courses that take another student.
   *
   * @defaultValue `false`
   */
  readonly hasSeats?: boolean | undefined
  /**
   * The most courses to find, 1 to 100.
   *
   * @defaultValue `10`
   */
  readonly limit?: number | undefined
  /**
   * The `nextCursor` of a result for the same query and filters.
   *
   * @defaultValue the first page
   */
  readonly cursor?: string | undefined
  /** The searching user, for the log; has no effect on the result. */
  readonly userId?: number | undefined
}

/** Options of a search for similar courses. */
export type SimilarOptions = Omit<SearchOptions, 'cursor' | 'userId'>

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
export const searchOptionsDefaults = { limit: 10 } as const

/** The defaults of {@link SuggestOptions}. */
export const suggestOptionsDefaults = { limit: 8 } as const

/** A search that has passed the checks. */
export interface SearchRequest extends Abortable {
  /** The normalised query. */
  readonly query: string
  /** The filters that are set, in a fixed order. */
  readonly filters: SearchFilters
  /** The most courses to find. */
  readonly limit: number
  /** The cursor, unread. */
  readonly cursor: string | undefined
  /** The searching user. */
  readonly userId: number | undefined
}

const maxQueryLength = 500

const query = z
  .string()
  .max(maxQueryLength)
  .refine(isStorable, 'must contain neither NUL nor lone surrogates')
  .transform(normalise)
  .refine((text) => /[\p{L}\p{N}]/u.test(text), 'must contain a letter or a digit')

const signal = z
  .custom<AbortSignal>(
    (value) => typeof (Object(value) as Partial<AbortSignal>).addEventListener === 'function',
    'must be an AbortSignal',
  )
  .optional()

const filterInput = {
  signal,
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
    cursor: z.string().min(1).max(200).optional(),
    userId: rowId.optional(),
  })
  .refine(pricesAreOrdered, pricesRule)
const similarOptions = z.strictObject(filterInput).refine(pricesAreOrdered, pricesRule)
const suggestOptions = z.strictObject({
  signal,
  limit: z.int().min(1).max(20).default(suggestOptionsDefaults.limit),
})
const clickInput = z.strictObject({
  searchId: z.uuid(),
  courseId: rowId,
  position: z.int().min(1).max(10_000),
})

/**
 * Checks a search and gives equal searches one form, whatever the order of their options. Asks no
 * store, never throws.
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
    cursor: input.cursor,
    userId: input.userId,
    signal: input.signal,
  }))
}

/** Checks a search for similar courses, as {@link parseSearch} does. */
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
    signal: input.signal,
  }))
}

/** A search for similar courses that has passed the checks. */
export interface SimilarRequest extends Abortable {
  readonly courseId: number
  readonly filters: SearchFilters
  readonly limit: number
}

/** Checks and normalises a request for suggestions, as {@link parseSearch} does. */
export function parseSuggest(
  text: string,
  options: SuggestOptions,
): Result<SuggestRequest & Abortable, InvalidInput> {
  return both(
    validate(z.strictObject({ prefix: query }), { prefix: text }),
    validate(suggestOptions, options),
  )
}

/** Checks a click, as {@link parseSearch} does. */
export function parseClick(click: LoggedClick): Result<LoggedClick, InvalidInput> {
  return validate(clickInput, click)
}

/**
 * Gives one form to queries that differ only in case, spacing, punctuation around words and the
 * encoding of the same characters. Quotes, and a minus before a word, are operators and stay.
 */
export function normalise(text: string): string {
  const plain = text
    .replace(/[“”„‟«»]/gu, '"')
    .normalize('NFKC')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .toLowerCase()
  const isQuoted = plain.split('"').map((piece, index, { length }) => ({
    words: bare(piece),
    // A quote that is not closed may be one while it is being typed.
    isPhrase: index % 2 === 1 && index < length - 1,
    isExcluded: / -+$|^-+$/u.test(piece),
  }))
  return isQuoted
    .map(({ words, isPhrase }, index) => {
      const minus = isQuoted[index - 1]?.isExcluded === true ? '-' : ''
      return isPhrase && words !== '' ? `${minus}"${words}"` : words
    })
    .filter((piece) => piece !== '')
    .join(' ')
}

/** The words of a text without the punctuation around each; a minus before a word stays. */
function bare(text: string): string {
  return text
    .split(' ')
    .map((word) => (/^(-?)[^\p{L}\p{N}]*?(\.?[\p{L}\p{N}].*)$/u.exec(word) ?? []).slice(1))
    .map(([minus = '', rest = '']) => `${minus}${rest.replace(/[^\p{L}\p{M}\p{N}+#]+$/u, '')}`)
    .filter((word) => word !== '')
    .join(' ')
}

/** The filters that are set, in a fixed order. */
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
    ...(hasSeats === undefined ? {} : { hasSeats }),
  }
}

/** Two checked halves of one input; a failure names every broken rule of both. */
function both<One extends object, Other extends object>(
  one: Result<One, InvalidInput>,
  other: Result<Other, InvalidInput>,
): Result<One & Other, InvalidInput> {
  if (one.isOk() && other.isOk()) return ok({ ...one.value, ...other.value })
  return err(invalidInput([one, other].flatMap((half) => (half.isErr() ? half.error.issues : []))))
}
