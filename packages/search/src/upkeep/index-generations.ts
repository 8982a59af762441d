import { err, invalidField, ok, ResultAsync } from '@headwater/core'
import type { Failure, InvalidInput, Result, SqlError, Stores } from '@headwater/core'
import { contained } from '../contained.ts'
import type { EmbeddingProfile } from '../embedders/embedder.ts'
import type { Calibrations } from '../indexing/calibrations.ts'
import type { IndexError } from '../indexing/index-outcome.ts'
import {
  deleteGeneration,
  retireGeneration,
  switchGeneration,
} from '../indexing/generation-queries.ts'
import type { Generation, Generations, GenerationStatus } from '../indexing/generations.ts'
import { emptyIndex } from './empty-index.ts'
import { repairIndex } from './repair.ts'
import type { RepairDeps } from './repair.ts'
import { verifyIndex } from './verify.ts'
import type { VerifyReport } from './verify.ts'
import type { VectorIndex } from '../vectors/vector-index.ts'

/**
 * Opens the index of a generation, which holds only vectors of this profile. The same name opens
 * the same index, in every process. A Pinecone index has one number of dimensions: generations that
 * differ in it need an index each.
 */
export type OpenIndex = (generation: {
  readonly name: string
  readonly profile: EmbeddingProfile
}) => VectorIndex

/** Options of `activate` and `rollback`. */
export interface ActivateOptions {
  /**
   * Name of the generation to activate.
   *
   * @defaultValue the generation of this process's embedder
   */
  readonly generation?: string
  /**
   * The least share of published courses that its index must hold as they are now, 0 to 1.
   *
   * @defaultValue `1`
   */
  readonly minCoverage?: number
}

/** The defaults of {@link ActivateOptions}. */
export const activateDefaults = { minCoverage: 1 } as const satisfies ActivateOptions

/** The index of a generation holds too little of the catalogue. */
export interface NotCovered extends Failure<'not-covered'> {
  /** The comparison of its index with PostgreSQL. */
  readonly report: VerifyReport
}

/** A switch to another generation. */
export interface ActivatedGeneration {
  /** The generation that queries use now. */
  readonly generation: string
  /** The comparison of its index with PostgreSQL just before. */
  readonly report: VerifyReport
  /** Courses that changed during the switch and were written again. */
  readonly repaired: number
}

/** Dependencies of {@link IndexGenerations}. */
export interface IndexGenerationsDeps {
  readonly stores: Stores
  readonly generations: Generations
  readonly calibrations: Calibrations
  readonly openIndex: OpenIndex | undefined
  readonly depsOf: (generation: Generation) => RepairDeps
}

/**
 * The generations of the index. A change of model, dimensions or template builds a new index beside
 * the old one. Both are written until the old one is cleaned up; queries use the active one.
 *
 * @example
 * ```ts
 * const former = { embedder: small }
 * const search = createCourseSearch(stores, { courses, embedder: large, former })
 * orThrow(await search.index.reindexAll())
 * orThrow(await search.index.generations.activate())
 * orThrow(await search.index.generations.cleanup()) // or rollback()
 * ```
 */
export class IndexGenerations {
  readonly #deps: IndexGenerationsDeps

  /** Made by `createCourseSearch`. */
  constructor(deps: IndexGenerationsDeps) {
    this.#deps = deps
  }

  /** Every generation and its state, the oldest first. 1 PostgreSQL round trip. */
  list(): ResultAsync<readonly GenerationStatus[], SqlError> {
    return this.#deps.generations.list()
  }

  /**
   * Makes queries use another generation. Its index is verified first; `not-covered` changes
   * nothing. The switch is one row in PostgreSQL that every process sees within a second. Courses
   * that changed during the switch are written again.
   */
  activate(
    options: ActivateOptions = {},
  ): ResultAsync<ActivatedGeneration, NotCovered | IndexError> {
    return new ResultAsync(this.#activate(options))
  }

  /**
   * Goes back to the last standby generation; `invalid-input` when there is none whose embedder
   * this process has.
   */
  rollback(
    options: Omit<ActivateOptions, 'generation'> = {},
  ): ResultAsync<ActivatedGeneration, NotCovered | IndexError> {
    return this.list().andThen((rows) => {
      const standby = rows.filter(
        ({ name, state }) =>
          state === 'standby' && this.#deps.generations.known(name) !== undefined,
      )
      const latest = standby.toSorted(
        (left, right) => Number(right.activatedAt ?? 0) - Number(left.activatedAt ?? 0),
      )[0]
      return latest === undefined
        ? err(notThere)
        : this.activate({ ...options, generation: latest.name })
    })
  }

  /**
   * Removes a generation that is not active and all its vectors, for good, and returns the number
   * of vectors. After an interruption, call it again. Without a name it removes every standby.
   */
  cleanup({ generation }: { readonly generation?: string } = {}): ResultAsync<
    { readonly removed: number },
    IndexError
  > {
    return new ResultAsync(this.#cleanup(generation))
  }

  async #activate(
    options: ActivateOptions,
  ): Promise<Result<ActivatedGeneration, NotCovered | IndexError>> {
    const { stores, generations, depsOf } = this.#deps
    const { generation: name, minCoverage } = {
      ...activateDefaults,
      generation: generations.own.name,
      ...options,
    }
    if (!(minCoverage >= 0 && minCoverage <= 1))
      return err(invalidField('minCoverage', 'must be from 0 to 1'))
    const rows = await generations.list()
    if (rows.isErr()) return err(rows.error)
    const generation = generations.known(name)
    const state = rows.value.find((row) => row.name === name)?.state
    if (generation === undefined || state === undefined || state === 'retired') return err(notThere)
    const verified = await verifyIndex(depsOf(generation))
    if (verified.isErr()) return err(verified.error)
    if (verified.value.coverage < minCoverage) return err(notCovered(verified.value, minCoverage))
    const switched = await stores.postgres.query(switchGeneration, [name])
    if (switched.isErr()) return err(switched.error)
    generations.forget()
    // A process without the embedder may have acknowledged a change since the verification.
    const repaired = await repairIndex(depsOf(generation), { apply: true })
    return repaired.map((report) => ({
      generation: name,
      report: verified.value,
      repaired: report.repaired,
    }))
  }

  async #cleanup(
    wanted: string | undefined,
  ): Promise<Result<{ readonly removed: number }, IndexError>> {
    const rows = await this.list()
    if (rows.isErr()) return err(rows.error)
    const isWanted = ({ name, state }: GenerationStatus): boolean =>
      wanted === undefined
        ? state === 'standby' || state === 'retired'
        : name === wanted && state !== 'active'
    const doomed = rows.value.filter(isWanted)
    if (wanted !== undefined && doomed.length === 0) return err(notThere)
    let removed = 0
    for (const row of doomed) {
      const emptied = await this.#remove(row)
      if (emptied.isErr()) return err(emptied.error)
      removed += emptied.value
    }
    return ok({ removed })
  }

  async #remove({
    name,
    model,
    dimensions,
  }: GenerationStatus): Promise<Result<number, IndexError>> {
    const { stores, generations, calibrations, openIndex } = this.#deps
    const asked = { store: 'pinecone', operation: 'open', who: 'the function `index`' } as const
    const opened = await contained(asked, async () =>
      ok(generations.known(name)?.index ?? openIndex?.({ name, profile: { model, dimensions } })),
    )
    if (opened.isErr()) return err(opened.error)
    const index = opened.value
    if (index === undefined) return err(notThere)
    return stores.postgres
      .query(retireGeneration, [name])
      .andThen(() => emptyIndex(index))
      .andThen((removed) => calibrations.forget(name).map(() => removed))
      .andThen((removed) => stores.postgres.query(deleteGeneration, [name]).map(() => removed))
  }
}

const notThere: InvalidInput = invalidField(
  'generation',
  'must name a generation that exists, is neither active nor retired, and whose embedder this process has',
)

function notCovered(report: VerifyReport, minCoverage: number): NotCovered {
  const held = Math.floor(report.coverage * 1_000) / 10
  const message = `generation ${report.generation} holds ${held} % of the catalogue, less than ${minCoverage * 100} %`
  return { type: 'not-covered', message, retryable: false, report }
}
