import {
  err,
  invalidInput,
  isRowId,
  isStorable,
  languageTag,
  money,
  ok,
  once,
  oneOrMore,
  RecentMap,
  rowId,
  storableText,
  validate,
} from '@headwater/core'
import type { Abortable, InvalidInput, Money, Result } from '@headwater/core'
import * as z from 'zod/mini'
import type { SearchFilters } from './search-filters.ts'
import type { LoggedClick } from './search-log.ts'
import { explainInput } from './explain/explain-input.ts'
import { bandEdges } from './counts/price-bands.ts'
import { searchOptionsDefaults, searchSorts, suggestOptionsDefaults } from './search-options.ts'
import type {
  CountOptions,
  SearchOptions,
  SearchSort,
  SimilarOptions,
  SuggestOptions,
} from './search-options.ts'
import { normalise } from '../typed/normalise.ts'
import { formsOf } from '../typed/query-forms.ts'
import type { QueryForms } from '../typed/query-forms.ts'
import type { SuggestRequest } from '../spelling/suggest.ts'

/** A search that has passed the checks. */
export interface SearchRequest extends QueryForms, Abortable {
  /** The filters that are set, in a fixed order. */
  readonly filters: SearchFilters
  readonly sort: SearchSort
  /** The most courses to find. */
  readonly limit: number
  /** The cursor, unread. */
  readonly cursor: string | undefined
  /** The searching user. */
  readonly userId: number | undefined
  /** Whether the search is explained. */
  readonly explain: boolean
  /** Courses of which the explanation says what became of them. */
  readonly askedAbout: readonly number[]
  /** Whether the hits are marked. */
  readonly highlights: boolean
}

const maxQueryLength = 500
const hasLetterOrDigit = /[\p{L}\p{N}]/u

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
    .check(z.refine((text) => hasLetterOrDigit.test(text), 'must contain a letter or a digit')),
)

const queryInput = once(() => z.strictObject({ query: query() }))
const prefixInput = once(() => z.strictObject({ prefix: query() }))
const likeInput = once(() => z.strictObject({ courseId: rowId() }))

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
  language: z.optional(oneOrMore(languageTag())),
  instructorId: z.optional(oneOrMore(rowId())),
  minPrice: z.optional(money()),
  maxPrice: z.optional(money()),
  hasSeats: z.optional(z.boolean()),
}))
const limit = once(() =>
  z._default(z.int().check(z.minimum(1), z.maximum(100)), searchOptionsDefaults.limit),
)

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
      sort: z._default(z.enum(searchSorts), searchOptionsDefaults.sort),
      cursor: z.optional(z.string().check(z.minLength(1), z.maxLength(2_000))),
      userId: z.optional(rowId()),
      explain: z.optional(explainInput()),
      highlights: z.optional(z.boolean()),
    })
    .check(z.refine(pricesAreOrdered, pricesRule)),
)
const similarOptions = once(() =>
  z
    .strictObject({ ...filterInput(), limit: limit() })
    .check(z.refine(pricesAreOrdered, pricesRule)),
)
const countOptions = once(() =>
  z
    .strictObject({ ...filterInput(), priceBands: bandEdges() })
    .check(z.refine(pricesAreOrdered, pricesRule)),
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
  return both(checkQuery(text), checkSearchOptions(options)).map((input) => ({
    query: input.query,
    typed: input.typed,
    filters: filtersOf(input),
    sort: input.sort,
    limit: input.limit,
    cursor: input.cursor,
    userId: input.userId,
    explain: input.explain !== undefined && input.explain !== false,
    askedAbout: typeof input.explain === 'object' ? input.explain.courses : [],
    highlights: input.highlights === true,
    signal: input.signal,
  }))
}

/** Queries that were asked of late, and their forms. */
const askedOfLate = new RecentMap<string, QueryForms>(1_000)

/** As `queryInput`, which is asked where this is not certain. */
function checkQuery(text: unknown): Result<QueryForms, InvalidInput> {
  if (typeof text === 'string' && text.length <= maxQueryLength) {
    const known = askedOfLate.get(text)
    if (known !== undefined) return ok(known)
    const forms = formsOf(isStorable(text) ? text : '')
    if (hasLetterOrDigit.test(forms.query)) {
      askedOfLate.set(text, forms)
      return ok(forms)
    }
  }
  return validate(queryInput(), { query: text }).map(({ query }) => formsOf(query))
}

/** As `searchOptions`, which is asked where any option is set but how many, and for whom. */
function checkSearchOptions(
  options: SearchOptions,
): Result<z.output<ReturnType<typeof searchOptions>>, InvalidInput> {
  try {
    const { limit: most = searchOptionsDefaults.limit, userId } = options
    const isPlain =
      Object.getPrototypeOf(options) === Object.prototype &&
      Reflect.ownKeys(options).every((name) => name === 'limit' || name === 'userId') &&
      Number.isSafeInteger(most) &&
      most >= 1 &&
      most <= 100 &&
      (userId === undefined || isRowId(userId))
    if (isPlain) return ok({ limit: most, sort: searchOptionsDefaults.sort, userId })
  } catch {
    // A getter or a proxy in the input may throw.
  }
  return validate(searchOptions(), options)
}

/** Checks a count of the courses of a search, as {@link parseSearch} does. */
export function parseCount(
  text: string,
  options: CountOptions,
): Result<CountRequest, InvalidInput> {
  return both(checkQuery(text), validate(countOptions(), options)).map((input) => ({
    query: input.query,
    typed: input.typed,
    filters: filtersOf(input),
    priceBands: input.priceBands,
    signal: input.signal,
  }))
}

/** A count that has passed the checks. */
export interface CountRequest extends QueryForms, Abortable {
  readonly filters: SearchFilters
  /** The edges of the bands of prices. */
  readonly priceBands: readonly Money[]
}

/** Checks a search for similar courses, as {@link parseSearch} does. */
export function parseSimilar(
  courseId: number,
  options: SimilarOptions,
): Result<SimilarRequest, InvalidInput> {
  return both(validate(likeInput(), { courseId }), validate(similarOptions(), options)).map(
    (input) => ({
      courseId: input.courseId,
      filters: filtersOf(input),
      limit: input.limit,
      signal: input.signal,
    }),
  )
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
  return both(validate(prefixInput(), { prefix: text }), validate(suggestOptions(), options))
}

/** Checks a click, as {@link parseSearch} does. */
export function parseClick(click: LoggedClick): Result<LoggedClick, InvalidInput> {
  return validate(clickInput(), click)
}

/** The filters that are set, in a fixed order. */
function filtersOf({
  category,
  difficulty,
  language,
  instructorId,
  minPrice,
  maxPrice,
  hasSeats,
}: Omit<z.output<ReturnType<typeof countOptions>>, 'priceBands'>): SearchFilters {
  return {
    ...(category === undefined ? {} : { category }),
    ...(difficulty === undefined ? {} : { difficulty }),
    ...(language === undefined ? {} : { language }),
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
