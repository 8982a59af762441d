import { err } from '@headwater/core'
import type { CallOptions, Stores } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import { CountWriter, countIntervalMs } from './count-writer.ts'
import { documentOf, recordIdOf } from './course-document.ts'
import type { CourseDocument } from './course-document.ts'
import { DocumentWriter } from './document-writer.ts'
import type { Generation } from './generations.ts'
import type { IndexOutcomes } from './index-outcome.ts'
import { WriteMemory } from './write-memory.ts'
import type { WriteRun } from './write-run.ts'

/** Dependencies of a {@link CourseWriter}. */
export interface CourseWriterDeps {
  readonly stores: Pick<Stores, 'clock'>
  readonly generation: Generation
}

/** The effect of one call of {@link CourseWriter.write}. */
export interface WrittenCourses {
  /** The outcome of each course. */
  readonly outcomes: IndexOutcomes
  /** Whether searches may find other courses now; numbers of students alone do not change that. */
  readonly affectsResults: boolean
  /**
   * Courses whose number of students alone has changed, too soon after the last write, and how long
   * they have to wait.
   */
  readonly deferred: { readonly courseIds: readonly number[]; readonly waitMs: number }
}

/** Writes rows into one generation of the index, and no more of them than has changed. */
export class CourseWriter {
  readonly #generation: Generation
  readonly #memory = new WriteMemory()
  readonly #counts: CountWriter
  readonly #documents: DocumentWriter

  constructor({ stores, generation }: CourseWriterDeps) {
    const deps = { generation, memory: this.#memory, clock: stores.clock }
    this.#generation = generation
    this.#counts = new CountWriter(deps)
    this.#documents = new DocumentWriter(deps)
  }

  /** Forgets the last write of a course. */
  forget(courseId: number): void {
    this.#memory.forget(courseId)
  }

  /** Makes the next write of a course read the index first. */
  recheck(courseId: number): void {
    this.#memory.recheck(courseId)
  }

  /** Writes these rows; removes every id that has no row or an unpublished one. Never rejects. */
  async write(
    ids: readonly number[],
    rows: ReadonlyMap<number, Course>,
    options: CallOptions,
  ): Promise<WrittenCourses> {
    const run: WriteRun = { outcomes: new Map(), affectsResults: false, deferred: [], options }
    const published = ids
      .flatMap((id) => rows.get(id) ?? [])
      .filter(({ isPublished }) => isPublished)
    const counted = published.filter((course) => this.#counts.isOnlyCount(course))
    const isCounted = new Set(counted)
    await Promise.all([
      this.#remove(
        ids.filter((id) => rows.get(id)?.isPublished !== true),
        rows,
        run,
      ),
      this.#counts.write(counted, run),
      this.#documents.write(
        this.#documentsOf(
          published.filter((course) => !isCounted.has(course)),
          run,
        ),
        run,
      ),
    ])
    const { outcomes, affectsResults, deferred } = run
    return { outcomes, affectsResults, deferred: { courseIds: deferred, waitMs: countIntervalMs } }
  }

  /** A course without a text fails, and the others do not. */
  #documentsOf(courses: readonly Course[], { outcomes }: WriteRun): CourseDocument[] {
    return courses.flatMap((course) => {
      const document = documentOf(course, this.#generation)
      if (document.isOk()) return document.value
      outcomes.set(course.id, err(document.error))
      return []
    })
  }

  async #remove(
    ids: readonly number[],
    rows: ReadonlyMap<number, Course>,
    { outcomes, options }: WriteRun,
  ): Promise<void> {
    if (ids.length === 0) return
    const removed = await this.#generation.index.delete(ids.map(recordIdOf), options)
    for (const id of ids) {
      this.#memory.forget(id)
      outcomes.set(
        id,
        removed.map(() => (rows.has(id) ? 'removed' : 'gone')),
      )
    }
  }
}
