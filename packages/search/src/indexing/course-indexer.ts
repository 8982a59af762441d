import { beginChange, err } from '@headwater/core'
import type {
  CacheReadError,
  CallOptions,
  InvalidInput,
  Result,
  ResultAsync,
  Stores,
  VersionConflict,
} from '@headwater/core'
import type { Course } from '@headwater/repositories'
import type { CourseReader } from '../course-reader.ts'
import { isRefusalOfText } from '../embedders/embed-each.ts'
import { resultsTag } from '../results-tag.ts'
import { hasSeats, recordIdOf } from './course-document.ts'
import { CourseStatuses } from './course-status.ts'
import type { StatusEntry } from './course-status.ts'
import { CourseWriter } from './course-writer.ts'
import type { CourseWriterDeps } from './course-writer.ts'
import type { IndexedCourse, IndexError, IndexOutcomes } from './index-outcome.ts'

/** Dependencies of a {@link CourseIndexer}. */
export interface CourseIndexerDeps extends CourseWriterDeps {
  readonly stores: Stores
  readonly courses: CourseReader
}

/** How often a course that changes while it is written is written before the writer gives up. */
const maxRounds = 3

/** The version of each course as it was read before the write; `undefined` for a deleted course. */
type Versions = Map<number, number | undefined>

/**
 * Keeps one generation of the vector index equal to PostgreSQL, course by course. It reads the row,
 * writes it, and reads the row again: when the course has changed in between, it writes again.
 */
export class CourseIndexer {
  readonly #deps: CourseIndexerDeps
  readonly #writer: CourseWriter
  readonly #statuses: CourseStatuses
  readonly #deferred = new Set<number>()
  #timer: NodeJS.Timeout | undefined

  constructor(deps: CourseIndexerDeps) {
    this.#deps = deps
    this.#writer = new CourseWriter(deps)
    this.#statuses = new CourseStatuses(deps.stores, deps.generation.name)
    deps.stores.beforeClose(async () => {
      clearTimeout(this.#timer)
    })
  }

  /**
   * Brings the index in sync with these courses. Never rejects. Costs 3 PostgreSQL round trips, and
   * requests to the index: 1 to remove, 1 per 100 courses to read, 1 per 60 to store and 1 per
   * course to update. The embedder is called once for all texts that have changed.
   */
  async sync(courseIds: readonly number[], options: CallOptions = {}): Promise<IndexOutcomes> {
    const run: SyncRun = {
      outcomes: new Map(),
      versions: new Map(),
      affectsResults: false,
      options,
    }
    const { outcomes } = run
    let pending: readonly number[] = [...new Set(courseIds)]
    for (let round = 0; round < maxRounds && pending.length > 0; round += 1)
      pending = await this.#syncOnce(pending, run)
    for (const id of pending) outcomes.set(id, err(keptChanging(id)))
    if (run.affectsResults) await this.#invalidateResults()
    const recorded = await this.#statuses.record(statusesOf(run))
    // Written but not recorded: the process that wrote it ended in between, perhaps before it
    // invalidated the cached results.
    if (recorded.isOk() && recorded.value.some((id) => isUnchanged(outcomes.get(id))))
      await this.#invalidateResults()
    if (recorded.isErr()) for (const id of outcomes.keys()) outcomes.set(id, err(recorded.error))
    return outcomes
  }

  /** Removes one course from the index, whatever PostgreSQL says. */
  removeOne(courseId: number): ResultAsync<void, IndexError> {
    this.#writer.forget(courseId)
    return this.#deps.generation.index
      .delete([recordIdOf(courseId)])
      .andThen(() => this.#statuses.record([{ courseId, version: undefined }]))
      .map(() => this.#invalidateResults())
  }

  /** Makes the next write of these courses read the index, not the memory of this process. */
  recheck(courseIds: readonly number[]): void {
    for (const id of courseIds) this.#writer.recheck(id)
  }

  /** Returns the courses that changed while they were written. */
  async #syncOnce(ids: readonly number[], run: SyncRun): Promise<readonly number[]> {
    const { outcomes, versions, options } = run
    const before = await this.#read(ids)
    if (before.isErr()) {
      for (const id of ids) outcomes.set(id, err(before.error))
      return []
    }
    for (const id of ids) versions.set(id, before.value.get(id)?.version)
    const {
      outcomes: written,
      affectsResults,
      deferred,
    } = await this.#writer.write(ids, before.value, options)
    run.affectsResults ||= affectsResults
    this.#defer(deferred)
    for (const [id, result] of written) outcomes.set(id, result)
    const changed = ids.filter((id) => written.get(id)?.unwrapOr('unchanged') !== 'unchanged')
    if (changed.length === 0) return []
    const after = await this.#read(changed)
    if (after.isOk())
      return changed.filter((id) => stateOf(before.value.get(id)) !== stateOf(after.value.get(id)))
    for (const id of changed) outcomes.set(id, err(after.error))
    return []
  }

  /** Reads PostgreSQL, not the cache. */
  #read(ids: readonly number[]): ResultAsync<Map<number, Course>, InvalidInput | CacheReadError> {
    const { courses, stores } = this.#deps
    return courses.getMany(ids, { tx: stores.postgres.client })
  }

  /** Writes numbers of students later, all that are due at that time together. */
  #defer({
    courseIds,
    waitMs,
  }: {
    readonly courseIds: readonly number[]
    readonly waitMs: number
  }): void {
    for (const id of courseIds) this.#deferred.add(id)
    if (courseIds.length === 0 || this.#timer !== undefined || this.#deps.stores.isClosing) return
    this.#timer = setTimeout(() => {
      const due = [...this.#deferred]
      this.#deferred.clear()
      this.#timer = undefined
      void this.sync(due)
    }, waitMs).unref()
  }

  async #invalidateResults(): Promise<void> {
    const { stores } = this.#deps
    const change = beginChange(stores)
    change.invalidate(resultsTag)
    const held = await change.hold()
    if (held.isErr()) stores.diagnostics.emit('invalidation:failed', { keys: 1, error: held.error })
    await change.release()
  }
}

/** One call of {@link CourseIndexer.sync}: the outcomes so far, and the caller's limits. */
interface SyncRun {
  readonly outcomes: IndexOutcomes
  readonly versions: Versions
  affectsResults: boolean
  readonly options: CallOptions
}

/** A course that failed for a passing reason stays pending: nothing is recorded of it. */
function statusesOf({ outcomes, versions }: SyncRun): StatusEntry[] {
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

/** The part of a course that must not change while it is written. */
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
