import {
  err,
  invalidInput,
  isStorable,
  money,
  ok,
  once,
  rowId,
  storableText,
  validate,
} from '@headwater/core'
import type { Abortable, InvalidInput, MoneyInput, Result } from '@headwater/core'
import type { CourseSort } from '@headwater/repositories'
import * as z from 'zod/mini'
import type { SearchFilters } from './search-filters.ts'
import type { LoggedClick } from './search-log.ts'
import { normalise } from '../spelling/normalise.ts'
import type { SuggestRequest } from '../spelling/suggest.ts'

/** Filters of a search. */
export interface SearchFilterOptions extends Abortable {
  /** Only courses of this category, or of one of these, at most 100. */
  readonly category?: string | readonly string[] | undefined
  /** Only courses of this difficulty, or of one of these, at most 100. */
  readonly difficulty?: string | readonly string[] | undefined
  /** Only courses of this instructor, or of one of these, at most 100. */
  readonly instructorId?: number | readonly number[] | undefined
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
}

/** The order of courses: by their relevance to the query, or as in a list of courses. */
export type SearchSort = 'relevance' | CourseSort

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
}

/** Options of a search for similar courses. */
export type SimilarOptions = Omit<SearchOptions, 'sort' | 'cursor' | 'userId'>

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

/** The defaults of {@link SuggestOptions}. */
export const suggestOptionsDefaults = { limit: 8 } as const

/** A search that has passed the checks. */
export interface SearchRequest extends Abortable {
  /** The normalised query. */
  readonly query: string
  /** The filters that are set, in a fixed order. */
  readonly filters: SearchFilters
  readonly sort: SearchSort
  /** The most courses to find. */
  readonly limit: number
  /** The cursor, unread. */
  readonly cursor: string | undefined
  /** The searching user. */
  readonly userId: number | undefined
}

const maxQueryLength = 500

const query = once(() =>
  z
    .pipe(
      z
        .string()
        .check(
          z.maxLength(maxQueryLength),
          z.refine(isStorable, 'must contain neither NUL nor lone surrogates'),
        ),
      z.transform(normalise),
    )
    .check(z.refine((text) => /[\p{L}\p{N}]/u.test(text), 'must contain a letter or a digit')),
)

const signal = once(() =>
  z.optional(
    z.custom<AbortSignal>(
      (value) => typeof (Object(value) as Partial<AbortSignal>).addEventListener === 'function',
      'must be an AbortSignal',
    ),
  ),
)

const filterInput = once(() => ({
  signal: signal(),
  category: z.optional(oneOrMore(storableText(100))),
  difficulty: z.optional(oneOrMore(storableText(50))),
  instructorId: z.optional(oneOrMore(rowId())),
  minPrice: z.optional(money()),
  maxPrice: z.optional(money()),
  hasSeats: z.optional(z.boolean()),
}))
const limit = once(() =>
  z._default(z.int().check(z.minimum(1), z.maximum(100)), searchOptionsDefaults.limit),
)

/** One value, or a list of them; equal lists get one form, whatever their order. */
function oneOrMore<T extends string | number>(value: z.ZodMiniType<T>) {
  const list = z
    .array(value)
    .check(z.minLength(1, 'must have a value'), z.maxLength(100, 'must have at most 100 values'))
  return z.pipe(
    z.unknown(),
    z.transform((given, context) => {
      const checked = Array.isArray(given)
        ? validate(list, given)
        : validate(value, given).map((one) => [one])
      if (checked.isOk()) return [...new Set(checked.value)].sort(ascending)
      for (const { field, message } of checked.error.issues) {
        const path = field === 'input' ? [] : [Number(field.slice(1, -1))]
        context.issues.push({ code: 'custom', input: given, message, path })
      }
      return z.NEVER
    }),
  )
}

function ascending(one: string | number, other: string | number): number {
  return one < other ? -1 : 1
}

const sorts = [
  'relevance',
  'newest',
  'price-ascending',
  'price-descending',
  'title',
  'popularity',
] as const satisfies readonly SearchSort[]

const pricesAreOrdered = ({
  minPrice = '0',
  maxPrice = '99999999.99',
}: {
  readonly minPrice?: string | undefined
  readonly maxPrice?: string | undefined
}): boolean => Number(minPrice) <= Number(maxPrice)
const pricesRule = { path: ['minPrice'], message: 'must not be above maxPrice' }

const searchOptions = once(() =>
  z
    .strictObject({
      ...filterInput(),
      limit: limit(),
      sort: z._default(z.enum(sorts), searchOptionsDefaults.sort),
      cursor: z.optional(z.string().check(z.minLength(1), z.maxLength(2_000))),
      userId: z.optional(rowId()),
    })
    .check(z.refine(pricesAreOrdered, pricesRule)),
)
const similarOptions = once(() =>
  z
    .strictObject({ ...filterInput(), limit: limit() })
    .check(z.refine(pricesAreOrdered, pricesRule)),
)
const countOptions = once(() =>
  z.strictObject(filterInput()).check(z.refine(pricesAreOrdered, pricesRule)),
)
const suggestOptions = once(() =>
  z.strictObject({
    signal: signal(),
    limit: z._default(z.int().check(z.minimum(1), z.maximum(20)), suggestOptionsDefaults.limit),
  }),
)
const clickInput = once(() =>
  z.strictObject({
    searchId: z.uuid(),
    courseId: rowId(),
    position: z.int().check(z.minimum(1), z.maximum(10_000)),
  }),
)

/**
 * Checks a search and gives equal searches one form, whatever the order of their options. Asks no
 * store, never throws.
 */
export function parseSearch(
  text: string,
  options: SearchOptions,
): Result<SearchRequest, InvalidInput> {
  return both(
    validate(z.strictObject({ query: query() }), { query: text }),
    validate(searchOptions(), options),
  ).map((input) => ({
    query: input.query,
    filters: filtersOf(input),
    sort: input.sort,
    limit: input.limit,
    cursor: input.cursor,
    userId: input.userId,
    signal: input.signal,
  }))
}

/** Checks a count of the courses of a search, as {@link parseSearch} does. */
export function parseCount(
  text: string,
  options: SearchFilterOptions,
): Result<CountRequest, InvalidInput> {
  return both(
    validate(z.strictObject({ query: query() }), { query: text }),
    validate(countOptions(), options),
  ).map((input) => ({ query: input.query, filters: filtersOf(input), signal: input.signal }))
}

/** A count that has passed the checks. */
export interface CountRequest extends Abortable {
  readonly query: string
  readonly filters: SearchFilters
}

/** Checks a search for similar courses, as {@link parseSearch} does. */
export function parseSimilar(
  courseId: number,
  options: SimilarOptions,
): Result<SimilarRequest, InvalidInput> {
  return both(
    validate(z.strictObject({ courseId: rowId() }), { courseId }),
    validate(similarOptions(), options),
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
    validate(z.strictObject({ prefix: query() }), { prefix: text }),
    validate(suggestOptions(), options),
  )
}

/** Checks a click, as {@link parseSearch} does. */
export function parseClick(click: LoggedClick): Result<LoggedClick, InvalidInput> {
  return validate(clickInput(), click)
}

/** The filters that are set, in a fixed order. */
function filtersOf({
  category,
  difficulty,
  instructorId,
  minPrice,
  maxPrice,
  hasSeats,
}: z.output<ReturnType<typeof countOptions>>): SearchFilters {
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
