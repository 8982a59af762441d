import { beginChange, err } from '@headwater/core'
import type {
  CacheReadError,
  CallOptions,
  InvalidInput,
  NotFound,
  Result,
  ResultAsync,
  SqlError,
  Stores,
  VersionConflict,
} from '@headwater/core'
import type { Course } from '@headwater/repositories'
import { resultsTag } from '../results-tag.ts'
import { hasSeats, recordIdOf } from './course-document.ts'
import { CourseStatuses } from './course-status.ts'
import type { StatusEntry } from './course-status.ts'
import { CourseWriter } from './course-writer.ts'
import { isRefusalOfText } from '../embedders/embed-each.ts'
import type { EmbedError } from '../embedders/embedder.ts'
import type { Generation, UnknownGeneration } from './generations.ts'
import type { CourseReader } from '../course-reader.ts'
import type { VectorIndexError } from '../vectors/vector-index.ts'

/**
 * What indexing did to a course: `stored` its vector, `updated` what is known beside it, found it
 * `unchanged`, `removed` it because it is not published, or because it is `gone` altogether.
 */
export type IndexedCourse = 'stored' | 'updated' | 'unchanged' | 'removed' | 'gone'

/**
 * What can go wrong with indexing a course. `version-conflict`: it kept changing while it was
 * indexed. `unknown-generation`: queries use a generation of which this process has not the
 * embedder; a process that has takes over.
 */
export type IndexError =
  | InvalidInput
  | NotFound
  | VersionConflict
  | CacheReadError
  | SqlError
  | EmbedError
  | VectorIndexError
  | UnknownGeneration

/** What became of each course. */
export type IndexOutcomes = Map<number, Result<IndexedCourse, IndexError>>

/** What a {@link CourseIndexer} works with. */
export interface CourseIndexerParts {
  readonly stores: Stores
  readonly courses: CourseReader
  readonly generation: Generation
}

/**
 * How often a course that changes while it is written is written again before its writer gives up.
 */
const maxRounds = 3

/**
 * The version of each course that was written, as it was read before; `undefined` for one that is
 * gone.
 */
type Versions = Map<number, number | undefined>

/**
 * Keeps one generation of the vector index equal to PostgreSQL, course by course: reads the row,
 * writes what it says, and reads it once more, so that a writer that was overtaken writes again.
 */
export class CourseIndexer {
  readonly #parts: CourseIndexerParts
  readonly #writer: CourseWriter
  readonly #statuses: CourseStatuses
  readonly #deferred = new Set<number>()
  #timer: NodeJS.Timeout | undefined

  constructor(parts: CourseIndexerParts) {
    this.#parts = parts
    this.#writer = new CourseWriter(parts)
    this.#statuses = new CourseStatuses(parts.stores, parts.generation.name)
    parts.stores.beforeClose(async () => {
      clearTimeout(this.#timer)
    })
  }

  /**
   * Brings the index in step with these courses. Costs 3 PostgreSQL round trips, and of the index:
   * 1 to remove, 1 per 100 courses to look, 1 per 60 to store and 1 per course to update; the
   * embedder is asked once for all texts that have changed. Never rejects.
   */
  async sync(courseIds: readonly number[], options: CallOptions = {}): Promise<IndexOutcomes> {
    const pass: SyncPass = {
      outcomes: new Map(),
      versions: new Map(),
      isFoundOtherwise: false,
      options,
    }
    const { outcomes } = pass
    let pending: readonly number[] = [...new Set(courseIds)]
    for (let round = 0; round < maxRounds && pending.length > 0; round += 1)
      pending = await this.#syncOnce(pending, pass)
    for (const id of pending) outcomes.set(id, err(keptChanging(id)))
    if (pass.isFoundOtherwise) await this.#invalidateResults()
    const recorded = await this.#statuses.record(statusesOf(pass))
    // Written but not noted: by a process that ended in between, perhaps before it came to the
    // cached results.
    if (recorded.isOk() && recorded.value.some((id) => isUnchanged(outcomes.get(id))))
      await this.#invalidateResults()
    if (recorded.isErr()) for (const id of outcomes.keys()) outcomes.set(id, err(recorded.error))
    return outcomes
  }

  /** Takes one course out of the index, whatever PostgreSQL says. */
  removeOne(courseId: number): ResultAsync<void, IndexError> {
    this.#writer.forget(courseId)
    return this.#parts.generation.index
      .delete([recordIdOf(courseId)])
      .andThen(() => this.#statuses.record([{ courseId, version: undefined }]))
      .map(() => this.#invalidateResults())
  }

  /**
   * Has the next writing of these courses look at the index instead of at what this process wrote.
   */
  doubt(courseIds: readonly number[]): void {
    for (const id of courseIds) this.#writer.doubt(id)
  }

  /** Gives back the courses that moved on meanwhile. */
  async #syncOnce(ids: readonly number[], pass: SyncPass): Promise<readonly number[]> {
    const { outcomes, versions, options } = pass
    const before = await this.#read(ids)
    if (before.isErr()) {
      for (const id of ids) outcomes.set(id, err(before.error))
      return []
    }
    for (const id of ids) versions.set(id, before.value.get(id)?.version)
    const { results, isFoundOtherwise, deferred } = await this.#writer.write(
      ids,
      before.value,
      options,
    )
    pass.isFoundOtherwise ||= isFoundOtherwise
    this.#defer(deferred)
    for (const [id, result] of results) outcomes.set(id, result)
    const written = ids.filter((id) => results.get(id)?.unwrapOr('unchanged') !== 'unchanged')
    if (written.length === 0) return []
    const after = await this.#read(written)
    if (after.isOk())
      return written.filter((id) => stateOf(before.value.get(id)) !== stateOf(after.value.get(id)))
    for (const id of written) outcomes.set(id, err(after.error))
    return []
  }

  /** From PostgreSQL itself, past the cache. */
  #read(ids: readonly number[]): ResultAsync<Map<number, Course>, InvalidInput | CacheReadError> {
    const { courses, stores } = this.#parts
    return courses.getMany(ids, { tx: stores.postgres.client })
  }

  /** Counts of students wait their minute, then are read and written together. */
  #defer({
    courseIds,
    waitMs,
  }: {
    readonly courseIds: readonly number[]
    readonly waitMs: number
  }): void {
    for (const id of courseIds) this.#deferred.add(id)
    if (courseIds.length === 0 || this.#timer !== undefined || this.#parts.stores.isClosing) return
    this.#timer = setTimeout(() => {
      const due = [...this.#deferred]
      this.#deferred.clear()
      this.#timer = undefined
      void this.sync(due)
    }, waitMs).unref()
  }

  async #invalidateResults(): Promise<void> {
    const { stores } = this.#parts
    const change = beginChange(stores)
    change.invalidate(resultsTag)
    const held = await change.hold()
    if (held.isErr()) stores.diagnostics.emit('invalidation:failed', { keys: 1, error: held.error })
    await change.release()
  }
}

/**
 * Courses that are brought in step together: what became of them so far, and the caller's limits.
 */
interface SyncPass {
  readonly outcomes: IndexOutcomes
  readonly versions: Versions
  isFoundOtherwise: boolean
  readonly options: CallOptions
}

/** What failed for a passing reason stays pending, and nothing is noted of it. */
function statusesOf({ outcomes, versions }: SyncPass): StatusEntry[] {
  return [...outcomes].flatMap(([courseId, outcome]): StatusEntry[] => {
    const version = versions.get(courseId)
    if (outcome.isOk()) return [{ courseId, version }]
    return version !== undefined && isRefusalOfText(outcome.error)
      ? [{ courseId, version, reason: reasonOf(outcome.error) }]
      : []
  })
}

function reasonOf(failure: IndexError): string {
  return 'code' in failure && failure.code !== undefined
    ? `${failure.type} (${failure.code})`
    : failure.type
}

/** What must not have moved between reading a course and the end of writing it. */
function stateOf(course: Course | undefined): string {
  if (course === undefined) return 'gone'
  return course.isPublished ? `${course.version} ${hasSeats(course)}` : 'unpublished'
}

function isUnchanged(outcome: Result<IndexedCourse, IndexError> | undefined): boolean {
  return outcome?.isOk() === true && outcome.value === 'unchanged'
}

function keptChanging(courseId: number): VersionConflict {
  return {
    type: 'version-conflict',
    message: `course ${courseId} kept changing while it was indexed`,
    retryable: true,
    entity: 'course',
    id: String(courseId),
  }
}
