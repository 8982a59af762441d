import {
  deadline,
  err,
  errAsync,
  invalidField,
  isRowId,
  notFound,
  ok,
  ResultAsync,
} from '@headwater/core'
import type {
  Abortable,
  CallOptions,
  InvalidInput,
  NotFound,
  Result,
  SqlError,
  Stores,
} from '@headwater/core'
import type { EmbedderRanking } from '../embedders/embedder.ts'
import type { Calibration } from '../indexing/calibration.ts'
import type { Calibrations } from '../indexing/calibrations.ts'
import { CourseIndexer } from '../indexing/course-indexer.ts'
import type { IndexedCourse, IndexError, IndexOutcomes } from '../indexing/index-outcome.ts'
import { CourseStatuses, summaryDefaults } from '../indexing/course-status.ts'
import type { CourseStatus, StatusSummary, SummaryOptions } from '../indexing/course-status.ts'
import { unknownGeneration } from '../indexing/generations.ts'
import type { Generation, Generations } from '../indexing/generations.ts'
import type { CourseReader } from '../course-reader.ts'
import { IndexGenerations } from './index-generations.ts'
import type { OpenIndex } from './index-generations.ts'
import { Reindexing } from './reindex.ts'
import type { ReindexOptions, ReindexReport } from './reindex.ts'
import { repairIndex } from './repair.ts'
import type { RepairOptions, RepairDeps, RepairReport } from './repair.ts'
import { verifyIndex } from './verify.ts'
import type { VerifyOptions, VerifyReport } from './verify.ts'

/** Dependencies of a {@link CourseIndex}. */
export interface CourseIndexDeps {
  readonly stores: Stores
  readonly courses: CourseReader
  readonly generations: Generations
  readonly calibrations: Calibrations
  /** The ranking that the host or an embedder has set: what it leaves out is measured. */
  readonly rankingOf: (generation: Generation) => Partial<EmbedderRanking>
  /** Opens the index of a generation; `undefined` when the host gave a single index. */
  readonly openIndex: OpenIndex | undefined
}

/** Options of `calibrate`. */
export interface CalibrateOptions {
  /**
   * Name of the generation to measure.
   *
   * @defaultValue the active generation
   */
  readonly generation?: string
}

/** The longest time for which a write waits for a measurement, in milliseconds. */
const waitMs = 5_000

/** A measurement that nobody has asked for. */
interface Unasked extends Abortable {
  /** Vectors that were just stored; without them it is measured in any case. */
  readonly stored?: number
  /** The longest wait for it. */
  readonly waitMs?: number
}

/** The vector index of the courses: keeps it equal to PostgreSQL, and proves that it is. */
export class CourseIndex {
  /** The generations of the index: list, switch, roll back, clean up. */
  readonly generations: IndexGenerations
  readonly #deps: CourseIndexDeps
  readonly #indexers = new Map<string, CourseIndexer>()

  /** Made by `createCourseSearch`. */
  constructor(deps: CourseIndexDeps) {
    this.#deps = deps
    this.generations = new IndexGenerations({
      ...deps,
      depsOf: (generation) => this.#depsOf(generation),
    })
  }

  /** Brings every written generation of the index in sync with these courses. Never rejects. */
  async sync(courseIds: readonly number[], options: CallOptions = {}): Promise<IndexOutcomes> {
    const written = await this.#deps.generations.written()
    if (written.isErr()) return new Map(courseIds.map((id) => [id, err(written.error)]))
    const { known, isActiveKnown } = written.value
    const all = await Promise.all(
      known.map(async (generation) => {
        const outcomes = await this.#indexerOf(generation).sync(courseIds, options)
        const stored = [...outcomes.values()].filter(isStored).length
        if (stored > 0) await this.#calibrateUnasked(generation, { ...options, stored, waitMs })
        return outcomes
      }),
    )
    return new Map(
      courseIds.map((id) => {
        const outcomes = all.flatMap((outcomesOfOne) => outcomesOfOne.get(id) ?? [])
        const first = outcomes.find((outcome) => outcome.isErr()) ?? outcomes[0]
        return [id, isActiveKnown && first !== undefined ? first : err(unknownGeneration)]
      }),
    )
  }

  /**
   * Brings the index in sync with one course now: stores a published course, removes any other. The
   * sink does so by itself; this is for callers that cannot wait. `not-found`: there is no such
   * course, and its record is removed.
   */
  indexCourse(courseId: number): ResultAsync<IndexedCourse, IndexError> {
    if (!isRowId(courseId)) return errAsync(notAnId)
    return new ResultAsync(
      this.sync([courseId]).then((outcomes) => outcomes.get(courseId) ?? err(unknownGeneration)),
    ).andThen((outcome) => (outcome === 'gone' ? err(notFound('course', courseId)) : ok(outcome)))
  }

  /**
   * Removes a course from the index until it changes or is indexed again. To remove it from search
   * results, unpublish it.
   */
  unindexCourse(courseId: number): ResultAsync<void, IndexError> {
    if (!isRowId(courseId)) return errAsync(notAnId)
    return this.#deps.generations
      .written()
      .andThen(({ known }) =>
        ResultAsync.combine(
          known.map((generation) => this.#indexerOf(generation).removeOne(courseId)),
        ),
      )
      .map(() => undefined)
  }

  /**
   * The recorded state of a course in the index. `not-found`: there is no such course. Costs 2
   * PostgreSQL round trips.
   */
  status(courseId: number): ResultAsync<CourseStatus, InvalidInput | NotFound | SqlError> {
    if (!isRowId(courseId)) return errAsync(notAnId)
    const { stores, generations } = this.#deps
    return generations
      .activeName()
      .andThen((name) => new CourseStatuses(stores, name).get(courseId))
  }

  /**
   * The recorded state of all courses: how many are pending, synced and failed, and the failures
   * with their reasons. `verify` reads the index itself. Costs 3 PostgreSQL round trips. Fails
   * without the tables of this package, as `status` does.
   */
  summary(options: SummaryOptions = {}): ResultAsync<StatusSummary, InvalidInput | SqlError> {
    const { maxListed, after } = { ...summaryDefaults, ...options }
    if (!(Number.isSafeInteger(maxListed) && maxListed >= 0 && maxListed <= 1_000))
      return errAsync(invalidField('maxListed', 'must be a whole number from 0 to 1000'))
    if (after !== 0 && !isRowId(after))
      return errAsync(invalidField('after', 'must be the id of a course'))
    const { stores, generations } = this.#deps
    return generations
      .activeName()
      .andThen((name) => new CourseStatuses(stores, name).summary({ maxListed, after }))
  }

  /**
   * Fills the index of the newest generation with every course. It can be resumed: the next call
   * continues after an attempt that failed, was aborted or was killed. Courses whose text has not
   * changed cost no embedding. Costs 5 PostgreSQL round trips per batch of the embedder, and at its
   * end, when something has changed, a {@link CourseIndex.calibrate}.
   *
   * @example
   * ```ts
   * const onProgress = ({ done, total }) => report(done / total)
   * const { counts, failed } = orThrow(await search.index.reindexAll({ onProgress }))
   * ```
   */
  reindexAll(options: ReindexOptions = {}): ResultAsync<ReindexReport, IndexError> {
    return this.#deps.generations
      .list()
      .andThen(() => this.#chosen(options.generation ?? this.#deps.generations.own.name))
      .andThen((deps) =>
        new ResultAsync(new Reindexing(deps, options).run()).map(async (report) => {
          const { isComplete, counts } = report
          const isAnother = counts.stored + counts.removed > 0
          if (isComplete && isAnother) await this.#calibrateUnasked(deps.generation, options)
          return report
        }),
      )
  }

  /**
   * Measures how similar texts without a meaning are to the courses, which tells related courses
   * from unrelated ones. That happens by itself: when the first courses are indexed, when as many
   * more were stored, at the end of a `reindexAll` that changed something, and at a search that
   * finds nothing measured. This is for a catalogue that has become another one. Without effect
   * where the ranking is given; cached results keep their order, 15 minutes at most. Costs one call
   * of the embedder for 48 short texts, 51 requests to the index, and 2 PostgreSQL round trips.
   */
  calibrate(options: CalibrateOptions = {}): ResultAsync<Calibration, IndexError> {
    return this.#chosenOrActive(options.generation).andThen(({ generation }) =>
      this.#deps.calibrations.measure(generation),
    )
  }

  /**
   * Compares PostgreSQL with the index itself, course by course and record by record; changes
   * nothing. A write that the index shows late counts as a difference. Costs 2 PostgreSQL round
   * trips and 1 request to the index for every 100 courses, and as much for every 100 records.
   */
  verify(options: VerifyOptions = {}): ResultAsync<VerifyReport, IndexError> {
    return this.#chosenOrActive(options.generation).andThen((deps) =>
      new ResultAsync(verifyIndex(deps, options)).andTee((report) => this.#told(report)),
    )
  }

  /**
   * Repairs the differences between PostgreSQL and the index, at most `limit` at once. Without
   * `apply` it only reports them.
   *
   * @example
   * ```ts
   * const plan = orThrow(await search.index.repair())
   * if (plan.differences.length < 100) orThrow(await search.index.repair({ apply: true }))
   * ```
   */
  repair(options: RepairOptions = {}): ResultAsync<RepairReport, IndexError> {
    const { limit } = options
    if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 1))
      return errAsync(invalidField('limit', 'must be a positive integer'))
    return this.#chosenOrActive(options.generation).andThen(
      (deps) => new ResultAsync(repairIndex(deps, options)),
    )
  }

  #told({ isComplete, generation, missing, orphaned, stale, wrongGeneration }: VerifyReport): void {
    const counts = { missing, orphaned, stale, wrongGeneration }
    if (isComplete) this.#deps.stores.diagnostics.emit('search:verified', { generation, ...counts })
  }

  /**
   * A measurement that fails is made by the next search; one that takes longer than the caller
   * waits goes on by itself.
   */
  async #calibrateUnasked(
    generation: Generation,
    { stored, waitMs = Infinity, signal }: Unasked,
  ): Promise<void> {
    const { stores, calibrations, rankingOf } = this.#deps
    const { minSimilarity, denseWeight } = rankingOf(generation)
    if (minSimilarity !== undefined && denseWeight !== undefined) return
    const measuring = async () =>
      await (stored === undefined
        ? calibrations.measure(generation)
        : calibrations.afterStoring(generation, stored))
    const operation = { store: 'pinecone', operation: 'calibrate' } as const
    const measured = await deadline(measuring, { ms: waitMs, signal, ...operation }).andThen(
      (calibration) => calibration,
    )
    if (measured.isErr())
      stores.diagnostics.emit('search:degraded', { leg: 'dense', error: measured.error })
  }

  #chosenOrActive(name: string | undefined): ResultAsync<RepairDeps, IndexError> {
    return name === undefined
      ? this.#deps.generations.activeName().andThen((active) => this.#chosen(active))
      : new ResultAsync(Promise.resolve(this.#chosen(name)))
  }

  #chosen(name: string): Result<RepairDeps, InvalidInput> {
    const generation = this.#deps.generations.known(name)
    return generation === undefined
      ? err(invalidField('generation', 'must be one whose embedder this process has'))
      : ok(this.#depsOf(generation))
  }

  #depsOf(generation: Generation): RepairDeps {
    const { stores, courses } = this.#deps
    return { stores, courses, generation, indexer: this.#indexerOf(generation) }
  }

  #indexerOf(generation: Generation): CourseIndexer {
    const { stores, courses } = this.#deps
    const indexer =
      this.#indexers.get(generation.name) ?? new CourseIndexer({ stores, courses, generation })
    this.#indexers.set(generation.name, indexer)
    return indexer
  }
}

function isStored(outcome: Result<IndexedCourse, IndexError>): boolean {
  return outcome.isOk() && outcome.value === 'stored'
}

const notAnId = invalidField('courseId', 'must be the id of a course')
