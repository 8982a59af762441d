import { isDeepStrictEqual } from 'node:util'
import { FailureError, failureIn, isRowId } from '@headwater/core'
import type { Stores } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import {
  courseIdOf,
  courseMetadata,
  courseText,
  recordIdOf,
  textHash,
} from '../indexing/course-document.ts'
import type { IndexError } from '../indexing/index-outcome.ts'
import { publishedIds, publishedOf } from './course-walk.ts'
import type { Generation } from '../indexing/generations.ts'
import type { CourseReader } from '../course-reader.ts'
import type { MetadataValue, VectorMetadata, VectorRecord } from '../vectors/vector-index.ts'

/**
 * A difference between PostgreSQL and the index. `missing`: a published course has no record.
 * `orphaned`: the course of a record is not published or does not exist. `stale`: a record has the
 * vector of another text, or other metadata. `wrong-generation`: a record belongs to another one.
 */
export interface IndexDifference {
  /** The kind of difference. */
  readonly kind: 'missing' | 'orphaned' | 'stale' | 'wrong-generation'
  /** The record that is missing or wrong. */
  readonly recordId: string
  /** Absent for a record that is not a course's. */
  readonly courseId?: number
  /** What differs, of a record that is there and whose course is published; by name. */
  readonly fields?: readonly FieldDifference[]
}

/** A field of a record that differs from its course. */
export interface FieldDifference {
  /** Name in the metadata of the record; `hash` stands for the text that was embedded. */
  readonly field: string
  /** What the index has; absent where it has nothing. */
  readonly indexed?: MetadataValue
  /** What PostgreSQL says; absent where there should be nothing. */
  readonly wanted?: MetadataValue
}

/** A page of the catalogue that was compared. */
export interface ComparedPage {
  /** Published courses on this page. */
  readonly courses: number
  /** Records on this page. */
  readonly records: number
  readonly differences: readonly IndexDifference[]
}

/** Dependencies of a comparison. */
export interface ComparedDeps {
  readonly stores: Stores
  readonly courses: CourseReader
  readonly generation: Generation
}

/** The most records of one fetch from the index. */
const pageSize = 100

/**
 * Compares PostgreSQL with the index, page by page: every published course with its record, then
 * every record with its course. A difference is checked twice, so that a course that is just being
 * written is not reported. Costs 2 PostgreSQL round trips and 1 request to the index for every 100
 * courses, and as much for every 100 records.
 *
 * @throws FailureError when the index or PostgreSQL does not answer.
 */
export async function* compareAll(deps: ComparedDeps): AsyncGenerator<ComparedPage> {
  yield* compareCourses(deps)
  yield* compareRecords(deps)
}

/**
 * Compares every published course, or those up to one, with its record, as {@link compareAll} does.
 *
 * @throws FailureError when the index or PostgreSQL does not answer.
 */
export async function* compareCourses(
  deps: ComparedDeps,
  upTo = Infinity,
): AsyncGenerator<ComparedPage> {
  for await (const page of publishedIds(deps.stores, { pageSize })) {
    const ids = page.filter((id) => id <= upTo)
    if (ids.length === 0) return
    const first = await compare(deps, ids)
    const suspects = first.differences.flatMap(({ courseId }) => courseId ?? [])
    const differences = suspects.length === 0 ? [] : (await compare(deps, suspects)).differences
    yield { ...first, differences }
  }
}

/**
 * Looks up the course of every record, page by page.
 *
 * @throws FailureError when the index or PostgreSQL does not answer.
 */
export async function* compareRecords(deps: ComparedDeps): AsyncGenerator<ComparedPage> {
  for await (const recordIds of recordIdPages(deps.generation))
    yield { courses: 0, records: recordIds.length, differences: await orphansOf(deps, recordIds) }
}

/** Compares these courses with their records; a course that is not published is skipped. */
async function compare(
  { stores, courses, generation }: ComparedDeps,
  ids: readonly number[],
): Promise<ComparedPage> {
  const rows = await courses.getMany(ids, { tx: stores.postgres.client })
  if (rows.isErr()) throw new FailureError(rows.error)
  const published = [...rows.value.values()].filter(({ isPublished }) => isPublished)
  const stored = await generation.index.fetch(published.map(({ id }) => recordIdOf(id)))
  if (stored.isErr()) throw new FailureError(stored.error)
  const differences = published.flatMap((course): IndexDifference[] => {
    const recordId = recordIdOf(course.id)
    const difference = differenceOf(generation, course, stored.value.get(recordId))
    return difference === undefined ? [] : [{ ...difference, recordId, courseId: course.id }]
  })
  return { courses: published.length, records: 0, differences }
}

function differenceOf(
  { name, template }: Generation,
  course: Course,
  record: VectorRecord | undefined,
): Pick<IndexDifference, 'kind' | 'fields'> | undefined {
  if (record === undefined) return { kind: 'missing' }
  const wanted = courseMetadata(course, {
    hash: textHash(name, courseText(course, template).unwrapOr('')),
    generation: name,
  })
  // The number of students may be up to a minute old.
  const shown = { ...record.metadata, enrollment_count: course.currentEnrollment }
  const fields = fieldsThatDiffer(shown, wanted)
  if (record.metadata['generation'] !== name) return { kind: 'wrong-generation', fields }
  return fields.length === 0 ? undefined : { kind: 'stale', fields }
}

function fieldsThatDiffer(
  shown: VectorMetadata,
  wanted: VectorMetadata,
): readonly FieldDifference[] {
  const names = [...new Set([...Object.keys(shown), ...Object.keys(wanted)])].sort()
  return names.flatMap((field) => {
    const [indexed, meant] = [shown[field], wanted[field]]
    if (isDeepStrictEqual(indexed, meant)) return []
    return {
      field,
      ...(indexed === undefined ? {} : { indexed }),
      ...(meant === undefined ? {} : { wanted: meant }),
    }
  })
}

/** The ids of records of courses; other records in the index are skipped. */
async function* recordIdPages({ index }: Generation): AsyncGenerator<readonly string[]> {
  for (let cursor: string | undefined; ;) {
    const page = await index.list({
      prefix: 'course_',
      limit: pageSize,
      ...(cursor === undefined ? {} : { cursor }),
    })
    if (page.isErr()) throw new FailureError(page.error)
    if (page.value.ids.length > 0) yield page.value.ids
    if (page.value.nextCursor === null) return
    cursor = page.value.nextCursor
  }
}

async function orphansOf(
  { stores, generation }: ComparedDeps,
  recordIds: readonly string[],
): Promise<IndexDifference[]> {
  const suspects = await unpublished(stores, recordIds)
  if (suspects.length === 0) return []
  const stored = await generation.index.fetch(suspects)
  if (stored.isErr()) throw new FailureError(stored.error)
  const orphans = await unpublished(
    stores,
    suspects.filter((id) => stored.value.has(id)),
  )
  return orphans.map((recordId) => {
    const courseId = courseIdOf(recordId)
    return { kind: 'orphaned', recordId, ...(courseId === undefined ? {} : { courseId }) }
  })
}

async function unpublished(stores: Stores, recordIds: readonly string[]): Promise<string[]> {
  const published = await publishedOf(
    stores,
    recordIds.flatMap((id) => courseIdOf(id) ?? []).filter(isRowId),
  )
  return recordIds.filter((id) => !published.has(courseIdOf(id) ?? 0))
}

/** The failure that {@link compareAll} threw; any other error is thrown again. */
export function failureOfComparison(error: unknown): IndexError {
  const failure = failureIn<IndexError>(error)
  if (failure === undefined) throw error
  return failure
}
