import { languageTag, maxRowId, money, once, rowId, storableText } from '@headwater/core'
import type {
  CacheReadError,
  InvalidInput,
  Money,
  MoneyInput,
  NotFound,
  SqlError,
  TransactionError,
  VersionConflict,
} from '@headwater/core'
import * as z from 'zod/mini'
import { expectedVersion, pageLimit } from '../input.ts'
import { cursorInput } from '../page.ts'

/** A course. */
export interface Course {
  /** Id of the row. */
  readonly id: number
  /** The title. */
  readonly title: string
  /** The description. */
  readonly description: string | null
  /** The user who teaches it. */
  readonly instructorId: number
  /** Category, for instance `AI/ML`. */
  readonly category: string | null
  /** Difficulty, for instance `beginner`. */
  readonly difficulty: string | null
  /** The language that it is taught in: a canonical tag of BCP 47, for instance `de` or `pt-BR`. */
  readonly language: string
  /** Number of seats; `null` for any number. */
  readonly maxStudents: number | null
  /** Number of students. */
  readonly currentEnrollment: number
  /** Number of seats held for users of the waiting list. */
  readonly seatsOffered: number
  /** Price as a decimal string, for instance `'49.00'`. */
  readonly price: Money
  /** Whether the course can be found and enrolled in. */
  readonly isPublished: boolean
  /** Incremented by each change other than of `currentEnrollment` and `seatsOffered`. */
  readonly version: number
  /** When the course was created. */
  readonly createdAt: Date
  /** When the course last changed, enrollments apart. */
  readonly updatedAt: Date
}

/** A course to create. */
export interface NewCourse {
  /** Title, at most 255 characters. */
  readonly title: string
  /** Description, at most 20,000 characters. */
  readonly description?: string | null | undefined
  /** The user who teaches it. */
  readonly instructorId: number
  /** Category, at most 100 characters. */
  readonly category?: string | null | undefined
  /** Difficulty, at most 50 characters. */
  readonly difficulty?: string | null | undefined
  /**
   * The language that it is taught in: a tag of BCP 47, at most 35 characters. It is kept in its
   * canonical form: `PT-br` as `pt-BR`.
   *
   * @defaultValue `'en'`
   */
  readonly language?: string | undefined
  /** Number of seats; absent or `null` for any number. */
  readonly maxStudents?: number | null | undefined
  /** Price from 0 to 99999999.99 with at most two decimals. */
  readonly price: MoneyInput
}

/**
 * Changes of a course. Absent fields stay as they are, `null` clears; a `maxStudents` of `null` is
 * no limit.
 */
export interface CourseChanges extends Partial<NewCourse> {
  /** The version that the course must still have. */
  readonly expectedVersion?: number | undefined
}

/** The language of a course that names none. */
export const defaultLanguage = 'en'

/** Options of deleting a course. */
export interface DeleteCourseOptions {
  /**
   * Whether the students are refunded the price they paid.
   *
   * @defaultValue `'full'`
   */
  readonly refund?: 'full' | 'none' | undefined
}

/** Failures of creating a course; `not-found` names the instructor. */
export type CreateCourseError = InvalidInput | NotFound | TransactionError

/** Failures of changing a course; `not-found` names the course or the instructor. */
export type UpdateCourseError = InvalidInput | NotFound | VersionConflict | TransactionError

/** Failures of publishing, unpublishing and deleting a course. */
export type PublishCourseError = InvalidInput | NotFound | TransactionError

/** Failures of reading courses. */
export type ReadCourseError = InvalidInput | CacheReadError

/** Failures of listing courses. */
export type ListCoursesError = InvalidInput | SqlError

const description = once(() => z.nullish(storableText(20_000)))
const label = (maxLength: number) => z.nullish(storableText(maxLength))
const maxStudents = once(() => z.nullish(z.int().check(z.minimum(0), z.maximum(maxRowId))))

/** Checks {@link NewCourse}. */
export const newCourseInput = once(() =>
  z.strictObject({
    title: storableText(255),
    description: description(),
    instructorId: rowId(),
    category: label(100),
    difficulty: label(50),
    language: z.optional(languageTag()),
    maxStudents: maxStudents(),
    price: money(),
  }),
)

/** Checks {@link CourseChanges}. */
export const courseChangesInput = once(() =>
  z.extend(z.partial(newCourseInput()), { expectedVersion: expectedVersion() }),
)

/** Checks {@link DeleteCourseOptions}, and the id. */
export const deleteCourseInput = once(() =>
  z.strictObject({
    id: rowId(),
    refund: z._default(z.enum(['full', 'none']), 'full'),
  }),
)

/** Checks the page of students to list. */
export const studentListInput = once(() =>
  z
    .strictObject({
      courseId: rowId(),
      limit: pageLimit(),
      cursor: cursorInput('students', z.tuple([rowId(), rowId()])),
    })
    .check(
      z.refine(({ courseId, cursor }) => cursor === undefined || cursor[0] === courseId, {
        path: ['cursor'],
        message: 'belongs to the list of another course',
      }),
    ),
)
