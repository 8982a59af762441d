import { forEachInParallel, ok } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import { hasSeats, recordIdOf } from './course-document.ts'
import { updatesAtOnce } from './write-run.ts'
import type { WriteRun, WriterDeps } from './write-run.ts'

/** The least time between two writes of one course's number of students. */
export const countIntervalMs = 60_000

/**
 * Writes numbers of students, at most once a minute for each course; whether seats are left is
 * written at once.
 */
export class CountWriter {
  readonly #deps: WriterDeps

  constructor(deps: WriterDeps) {
    this.#deps = deps
  }

  /**
   * Whether only the number of students can have changed since this process last wrote a course.
   */
  isOnlyCount({ id, version }: Course): boolean {
    return this.#deps.memory.get(id)?.version === version
  }

  /** Writes what has changed, without reading the index: 1 request for each course. */
  async write(courses: readonly Course[], run: WriteRun): Promise<void> {
    const due = courses.filter((course) => this.#isDue(course, run))
    await forEachInParallel(due, updatesAtOnce, (course) => this.#writeOne(course, run))
  }

  async #writeOne(course: Course, run: WriteRun): Promise<void> {
    const { generation, memory, clock } = this.#deps
    const metadata = { has_places: hasSeats(course), enrollment_count: course.currentEnrollment }
    const before = memory.get(course.id)
    const updated = await generation.index.updateMetadata(
      recordIdOf(course.id),
      metadata,
      run.options,
    )
    if (updated.isOk()) {
      if (before?.hasSeats !== metadata.has_places) run.affectsResults = true
      memory.remember(course, before?.hash ?? '', clock.monotonic())
    }
    run.outcomes.set(
      course.id,
      updated.map(() => 'updated'),
    )
  }

  #isDue(course: Course, { outcomes, deferred }: WriteRun): boolean {
    const { memory, clock } = this.#deps
    const before = memory.get(course.id)
    if (before === undefined || before.hasSeats !== hasSeats(course)) return true
    outcomes.set(course.id, ok('unchanged'))
    if (before.enrollmentCount === course.currentEnrollment) return false
    const isDue = clock.monotonic() - before.countedAtMs >= countIntervalMs
    if (!isDue) deferred.push(course.id)
    return isDue
  }
}
