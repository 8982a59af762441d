import { err, missingTableAs, ok } from '@headwater/core'
import type { Result } from '@headwater/core'
import { coursesInBatches } from './course-batches.ts'
import type { IndexedCourse, IndexError, IndexOutcomes } from '../indexing/index-outcome.ts'
import { compareCourses, compareRecords, failureOfComparison } from './differences.ts'
import { isRefusalOfText } from '../embedders/embed-each.ts'
import { countPublished, deleteProgress, saveProgress, selectProgress } from './reindex-queries.ts'
import { repairDifferences } from './repair.ts'
import type { RepairDeps } from './repair.ts'

/** Options of `reindexAll`. */
export interface ReindexOptions {
  /** Called after every batch of the embedder. An error it throws ends the reindexing. */
  readonly onProgress?: (progress: ReindexProgress) => void
  /**
   * Whether to start at the first course even if an earlier reindexing was not finished.
   *
   * @defaultValue `false`
   */
  readonly fromStart?: boolean
  /**
   * Name of the generation to fill.
   *
   * @defaultValue the generation of this process's embedder
   */
  readonly generation?: string
  /** Ends the reindexing early, between two batches; the next call continues there. */
  readonly signal?: AbortSignal
}

/** The progress of a reindexing. */
export interface ReindexProgress {
  /** Published courses done so far. */
  readonly done: number
  /** Published courses to do, counted at the start. */
  readonly total: number
  /** The last course that is done; a later reindexing continues after it. */
  readonly afterCourse: number
}

/** The result of a reindexing. */
export interface ReindexReport {
  /** The generation that was filled. */
  readonly generation: string
  /** Whether it continued an earlier one. */
  readonly isResumed: boolean
  /** Whether it reached the last course. */
  readonly isComplete: boolean
  /** The number of courses by outcome. */
  readonly counts: Readonly<Record<IndexedCourse, number>>
  /** Courses that cannot be indexed as they are, with the reason. */
  readonly failed: readonly { readonly courseId: number; readonly reason: string }[]
}

/** Batches under way at once: while one is embedded the other is stored. */
const batchesAtOnce = 2

/**
 * Brings one generation of the index in sync with every course, from where the last attempt ended.
 */
export class Reindexing {
  readonly #deps: RepairDeps
  readonly #options: ReindexOptions
  readonly #counts: Record<IndexedCourse, number> = {
    stored: 0,
    updated: 0,
    unchanged: 0,
    removed: 0,
    gone: 0,
  }
  readonly #failed: { courseId: number; reason: string }[] = []
  #done = 0
  #total = 0

  constructor(deps: RepairDeps, options: ReindexOptions) {
    this.#deps = deps
    this.#options = options
  }

  /**
   * Runs once. Ends with the first failure of a store; a later attempt continues after the last
   * batch that the index acknowledged.
   */
  async run(): Promise<Result<ReindexReport, IndexError>> {
    const { stores, generation } = this.#deps
    const progress = await stores.postgres
      .query<{ after_course: number }>(selectProgress, [generation.name])
      .map(({ rows: [row] }) => row?.after_course ?? 0)
      .orElse(missingTableAs(0))
    if (progress.isErr()) return err(progress.error)
    const after = this.#options.fromStart === true ? 0 : progress.value
    const total = await stores.postgres.query<{ count: number }>(countPublished, [after])
    if (total.isErr()) return err(total.error)
    this.#total = total.value.rows[0]?.count ?? 0
    const mended = await this.#mendBefore(after)
    if (mended.isErr()) return err(mended.error)
    const [walked, swept] = await Promise.all([this.#walk(after), this.#sweep()])
    if (walked.isErr()) return err(walked.error)
    if (swept.isErr()) return err(swept.error)
    const report = {
      generation: generation.name,
      isResumed: after > 0,
      counts: this.#counts,
      failed: this.#failed,
    }
    if (this.#options.signal?.aborted === true) return ok({ ...report, isComplete: false })
    const ended = await stores.postgres
      .query(deleteProgress, [generation.name])
      .map(() => undefined)
      .orElse(missingTableAs(undefined))
    return ended.map(() => ({ ...report, isComplete: true }))
  }

  /** Courses that an earlier attempt has done may have changed, or been lost with the index. */
  async #mendBefore(after: number): Promise<Result<void, IndexError>> {
    if (after === 0) return ok(undefined)
    try {
      for await (const { differences } of compareCourses(this.#deps, after)) {
        if (this.#options.signal?.aborted === true) break
        const ids = differences.flatMap(({ courseId }) => courseId ?? [])
        if (ids.length === 0) continue
        this.#deps.indexer.recheck(ids)
        const counted = this.#count(await this.#deps.indexer.sync(ids))
        if (counted.isErr()) return counted
      }
      return ok(undefined)
    } catch (error) {
      return err(failureOfComparison(error))
    }
  }

  /** Finishes batches in order, so that the recorded progress covers every course before it. */
  async #walk(after: number): Promise<Result<void, IndexError>> {
    const { indexer } = this.#deps
    const flying: { readonly ids: readonly number[]; readonly outcomes: Promise<IndexOutcomes> }[] =
      []
    const finishNext = async (): Promise<Result<void, IndexError>> => {
      const next = flying.shift()
      return next === undefined ? ok(undefined) : this.#finish(next.ids, await next.outcomes)
    }
    try {
      for await (const ids of coursesInBatches(this.#deps, after)) {
        if (this.#options.signal?.aborted === true) break
        indexer.recheck(ids)
        flying.push({ ids, outcomes: indexer.sync(ids) })
        const finished = flying.length < batchesAtOnce ? ok(undefined) : await finishNext()
        if (finished.isErr()) return finished
      }
      while (flying.length > 0) {
        const finished = await finishNext()
        if (finished.isErr()) return finished
      }
      return ok(undefined)
    } catch (error) {
      return err(failureOfComparison(error))
    } finally {
      await Promise.all(flying.map(({ outcomes }) => outcomes))
    }
  }

  async #finish(
    ids: readonly number[],
    outcomes: IndexOutcomes,
  ): Promise<Result<void, IndexError>> {
    const counted = this.#count(outcomes)
    if (counted.isErr()) return counted
    this.#done += ids.length
    const afterCourse = ids.at(-1) ?? 0
    const saved = await this.#deps.stores.postgres
      .query(saveProgress, [this.#deps.generation.name, afterCourse])
      .map(() => undefined)
      .orElse(missingTableAs(undefined))
    this.#options.onProgress?.({ done: this.#done, total: this.#total, afterCourse })
    return saved
  }

  #count(outcomes: IndexOutcomes): Result<void, IndexError> {
    const failures = [...outcomes].flatMap(([courseId, outcome]) =>
      outcome.isErr() ? [{ courseId, error: outcome.error }] : [],
    )
    const transient = failures.find(({ error }) => !isRefusalOfText(error))
    if (transient !== undefined) return err(transient.error)
    for (const outcome of outcomes.values()) if (outcome.isOk()) this.#counts[outcome.value] += 1
    this.#failed.push(...failures.map(({ courseId, error }) => ({ courseId, reason: error.type })))
    return ok(undefined)
  }

  /** Removes records without a published course. Records written in the meantime have one. */
  async #sweep(): Promise<Result<void, IndexError>> {
    try {
      for await (const { differences } of compareRecords(this.#deps)) {
        if (this.#options.signal?.aborted === true) break
        const removed = await repairDifferences(this.#deps, differences)
        if (removed.isErr()) return err(removed.error)
        this.#counts.removed += differences.length
      }
      return ok(undefined)
    } catch (error) {
      return err(failureOfComparison(error))
    }
  }
}
