import { err, isMissingTable, ok, ResultAsync } from '@headwater/core'
import type { CallOptions, Failure, Result, SqlError, Stores } from '@headwater/core'
import type { CourseTemplate } from './course-template.ts'
import type { Embedder } from '../embedders/embedder.ts'
import { insertGeneration, selectGenerations } from './generation-queries.ts'
import type { GenerationRow } from './generation-queries.ts'
import type { VectorIndex } from '../vectors/vector-index.ts'

/**
 * A generation of the index that this process can write and query: vectors of one model, one length
 * and one text template, in an index of their own.
 */
export interface Generation {
  /** Names it: changes with model, dimensions and template. */
  readonly name: string
  readonly embedder: Embedder
  readonly template: CourseTemplate
  readonly index: VectorIndex
}

/**
 * What PostgreSQL says of a generation: `building` and `standby` are written but not asked,
 * `active` is asked, `retired` is being removed.
 */
export interface GenerationStatus {
  /** Names it. */
  readonly name: string
  /** The model of its vectors. */
  readonly model: string
  /** Their length. */
  readonly dimensions: number
  /** The version of the template of its texts. */
  readonly template: string
  /** What is done with it. */
  readonly state: 'building' | 'active' | 'standby' | 'retired'
  /** When a process first knew it. */
  readonly createdAt: Date
  /** Absent when it has never been active. */
  readonly activatedAt?: Date
}

/**
 * The active generation has an embedder that this process was not given. Passes when a process that
 * has it takes over, or when this process's generation becomes the active one.
 */
export type UnknownGeneration = Failure<'unknown-generation'>

/** The failure of a process that has not the embedder of the active generation. */
export const unknownGeneration: UnknownGeneration = {
  type: 'unknown-generation',
  message: 'the active generation of the index has an embedder that this process was not given',
  retryable: true,
}

/**
 * The generations to write: those that this process can, the active one first, and whether the
 * active one is among them.
 */
export interface WrittenGenerations {
  readonly known: readonly Generation[]
  readonly isActiveKnown: boolean
}

/** The generations of which this process has the embedder. */
export interface GenerationsOptions {
  /** The one that this process wants. */
  readonly own: Generation
  /** The one before it, as long as it may be the active one. */
  readonly former: Generation | undefined
  /**
   * Whether there is no other, whatever PostgreSQL says: the host has handed in the one index that
   * there is.
   */
  readonly isOnly: boolean
}

/**
 * How long an answer about the active generation is waited for: a search has no more time to lose.
 */
const readMs = 250

/** How long tables that are missing are not asked for again. */
const missingMs = 10_000

/**
 * Asked for in the background when it is older, and waited for when it is twice as old: a switch is
 * seen within a second.
 */
const freshMs = 400

/**
 * Which generation is asked and which are written, as PostgreSQL says. Generations of which this
 * process has the embedder are made known by it. Where the tables of this package are missing, the
 * process's own generation is the only one.
 */
export class Generations {
  readonly own: Generation
  readonly #stores: Stores
  readonly #known: readonly Generation[]
  #active: { readonly generation: Generation | undefined; readonly atMs: number } | undefined
  #reading: Promise<void> | undefined
  #isRegistered = false
  #missingUntilMs: number

  constructor(stores: Stores, { own, former, isOnly }: GenerationsOptions) {
    this.#stores = stores
    this.#missingUntilMs = isOnly ? Infinity : -Infinity
    this.own = own
    this.#known = former === undefined || former.name === own.name ? [own] : [own, former]
  }

  /**
   * The generation that queries use, as PostgreSQL said less than a second ago, or last when it
   * does not answer; `undefined` when this process has not its embedder. At most 1 round trip in
   * 400 ms.
   */
  async active(): Promise<Generation | undefined> {
    const ageMs =
      this.#active === undefined ? Infinity : this.#stores.clock.monotonic() - this.#active.atMs
    if (ageMs >= freshMs)
      this.#reading ??= this.#readActive().finally(() => {
        this.#reading = undefined
      })
    if (ageMs >= 2 * freshMs) await this.#reading
    return this.#active === undefined ? this.own : this.#active.generation
  }

  /** The generations to write now: 1 round trip. */
  written(): ResultAsync<WrittenGenerations, SqlError> {
    return this.list().map((rows) => {
      const live = rows.filter(({ state }) => state !== 'retired').map(({ name }) => name)
      const activeName = rows.find(({ state }) => state === 'active')?.name ?? this.own.name
      const known = this.#known.filter(({ name }) => name === activeName || live.includes(name))
      const first = known.filter(({ name }) => name === activeName)
      return {
        known: [...first, ...known.filter((generation) => !first.includes(generation))],
        isActiveKnown: first.length > 0,
      }
    })
  }

  /**
   * Every generation, the oldest first: 1 round trip, 2 more when this process asks for the first
   * time.
   */
  list(options: CallOptions = {}): ResultAsync<readonly GenerationStatus[], SqlError> {
    return new ResultAsync(this.#list(options))
  }

  /** The name of the generation that queries use: 1 round trip. */
  activeName(): ResultAsync<string, SqlError> {
    return this.list().map(
      (rows) => rows.find(({ state }) => state === 'active')?.name ?? this.own.name,
    )
  }

  /** A generation of which this process has the embedder. */
  known(name: string): Generation | undefined {
    return this.#known.find((generation) => generation.name === name)
  }

  /** Has the next query ask PostgreSQL. */
  forget(): void {
    if (this.#active !== undefined) this.#active = { ...this.#active, atMs: -Infinity }
  }

  async #list(options: CallOptions): Promise<Result<readonly GenerationStatus[], SqlError>> {
    if (this.#stores.clock.monotonic() < this.#missingUntilMs) return ok([])
    const read = await this.#select(options)
    if (read.isErr() && isMissingTable(read.error)) {
      this.#missingUntilMs = this.#stores.clock.monotonic() + missingMs
      return ok([])
    }
    if (read.isErr() || this.#isRegistered) return read
    const names = read.value.map(({ name }) => name)
    // The former generation came first, unless everything is new.
    const unknown = [...this.#known]
      .reverse()
      .filter(({ name }) => !names.includes(name) && (name === this.own.name || names.length === 0))
    for (const {
      name,
      embedder: { profile },
      template,
    } of unknown) {
      const inserted = await this.#stores.postgres.query(
        insertGeneration,
        [name, profile.model, profile.dimensions, template.version],
        options,
      )
      if (inserted.isErr()) return err(inserted.error)
    }
    this.#isRegistered = true
    return unknown.length === 0 ? read : this.#select(options)
  }

  #select(options: CallOptions): ResultAsync<readonly GenerationStatus[], SqlError> {
    return this.#stores.postgres
      .query<GenerationRow>(selectGenerations, [], options)
      .map(({ rows }) => rows.map(statusOf))
  }

  async #readActive(): Promise<void> {
    const rows = await this.list({ deadlineMs: readMs })
    const atMs = this.#stores.clock.monotonic()
    if (rows.isErr()) {
      if (this.#active !== undefined) this.#active = { ...this.#active, atMs }
      return
    }
    const active = rows.value.find(({ state }) => state === 'active')
    this.#active = { generation: active === undefined ? this.own : this.known(active.name), atMs }
  }
}

function statusOf({
  name,
  model,
  dimensions,
  template,
  state,
  created_at: createdAt,
  activated_at: activatedAt,
}: GenerationRow): GenerationStatus {
  return {
    name,
    model,
    dimensions,
    template,
    state,
    createdAt: new Date(createdAt),
    ...(activatedAt === null ? {} : { activatedAt: new Date(activatedAt) }),
  }
}
