import {
  languageTag,
  minorUnits,
  money,
  once,
  oneOrMore,
  rowId,
  storableText,
} from '@headwater/core'
import type { MoneyInput } from '@headwater/core'
import { createHash } from 'node:crypto'
import * as z from 'zod/mini'
import { pageLimit } from '../input.ts'
import { cursorInput, encodeCursor } from '../page.ts'
import type { PageOptions } from '../page.ts'
import type { Course } from './course.ts'

/**
 * The order of a list of courses; ties are broken by id. `popularity` puts the course with the most
 * students first: a course that students join or leave between two pages may appear twice, or not
 * at all.
 */
export type CourseSort = 'newest' | 'price-ascending' | 'price-descending' | 'title' | 'popularity'

/** Filters and order of a list of courses. */
export interface CourseListOptions extends PageOptions {
  /** Only courses of this category. */
  readonly category?: string | undefined
  /** Only courses of this difficulty. */
  readonly difficulty?: string | undefined
  /**
   * Only courses in this language, or in one of these, at most 100. Tags are compared whole: `pt`
   * is not `pt-BR`.
   */
  readonly language?: string | readonly string[] | undefined
  /** Only courses of this instructor. */
  readonly instructorId?: number | undefined
  /** Only courses at this price or above. */
  readonly minPrice?: MoneyInput | undefined
  /** Only courses at this price or below. */
  readonly maxPrice?: MoneyInput | undefined
  /** `true` lists only courses with a free seat, `false` only full courses. */
  readonly hasSeats?: boolean | undefined
  /**
   * `true` lists published courses, `false` unpublished ones.
   *
   * @defaultValue `true`
   */
  readonly isPublished?: boolean | undefined
  /**
   * Order of the list.
   *
   * @defaultValue `'newest'`
   */
  readonly sort?: CourseSort | undefined
}

const sorts = [
  'newest',
  'price-ascending',
  'price-descending',
  'title',
  'popularity',
] as const satisfies readonly CourseSort[]

const list = once(() =>
  z.strictObject({
    category: z.optional(storableText(100)),
    difficulty: z.optional(storableText(50)),
    language: z.optional(oneOrMore(languageTag())),
    instructorId: z.optional(rowId()),
    minPrice: z.optional(money()),
    maxPrice: z.optional(money()),
    hasSeats: z.optional(z.boolean()),
    isPublished: z._default(z.boolean(), true),
    sort: z._default(z.enum(sorts), 'newest'),
    limit: pageLimit(),
    cursor: cursorInput(
      'courses',
      z.tuple([z.string(), rowId(), z.union([z.string(), z.number()])]),
    ),
  }),
)

/**
 * Checks {@link CourseListOptions}; a cursor is valid only with the filters and order it came from.
 */
export const courseListInput = once(() =>
  list().check(
    z.refine(
      ({ minPrice, maxPrice }) =>
        minPrice === undefined ||
        maxPrice === undefined ||
        minorUnits(minPrice) <= minorUnits(maxPrice),
      {
        path: ['maxPrice'],
        message: 'must not be below minPrice',
      },
    ),
    z.refine((options) => options.cursor === undefined || isOfThisList(options.cursor, options), {
      path: ['cursor'],
      message: 'belongs to a list with other filters or another order',
    }),
  ),
)

/** Filters and order that were checked. */
export type ValidCourseList = z.output<ReturnType<typeof list>>

/** The cursor of the page that follows a course. */
export function courseCursor(options: ValidCourseList, last: Course): string {
  return encodeCursor('courses', [fingerprintOf(options), last.id, sortKeyOf(options.sort, last)])
}

type Position = NonNullable<ValidCourseList['cursor']>

const sortKeys = once((): Record<CourseSort, z.ZodMiniType> => ({
  newest: z.literal(''),
  'price-ascending': money(),
  'price-descending': money(),
  title: storableText(255),
  popularity: z.int().check(z.minimum(0)),
}))

function isOfThisList([fingerprint, , sortKey]: Position, options: ValidCourseList): boolean {
  return (
    fingerprint === fingerprintOf(options) && sortKeys()[options.sort].safeParse(sortKey).success
  )
}

function fingerprintOf({ limit: _limit, cursor: _cursor, ...rest }: ValidCourseList): string {
  const given = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(given)).digest('base64url').slice(0, 12)
}

function sortKeyOf(sort: CourseSort, course: Course): string | number {
  switch (sort) {
    case 'newest':
      return ''
    case 'price-ascending':
    case 'price-descending':
      return course.price
    case 'title':
      return course.title
    case 'popularity':
      return course.currentEnrollment
  }
}
