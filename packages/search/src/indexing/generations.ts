import { err, isMissingTable, missingTableAs, ok, okAsync, ResultAsync } from '@headwater/core'
import type { CallOptions, Failure, Result, SqlError, Stores } from '@headwater/core'
import type { CourseTemplate } from './course-template.ts'
import type { Embedder } from '../embedders/embedder.ts'
import { insertGeneration, selectGenerations } from './generation-queries.ts'
import type { GenerationRow } from './generation-queries.ts'
import type { VectorIndex } from '../vectors/vector-index.ts'

/**
 * A generation of the index that this process can write and query: vectors of one model, one length
 * and one template, in an index of their own.
 */
export interface Generation {
  /** Its name: changes with model, dimensions and template. */
  readonly name: string
  readonly embedder: Embedder
  readonly template: CourseTemplate
  readonly index: VectorIndex
}

/**
 * The record of a generation in PostgreSQL. Queries use the `active` one; `building` and `standby`
 * ones are written but not queried; a `retired` one is being removed.
 */
export interface GenerationStatus {
  /** Its name. */
  readonly name: string
  /** The model of its vectors. */
  readonly model: string
  /** Their length. */
  readonly dimensions: number
  /** The version of the template of its texts. */
  readonly template: string
  /** Its state. */
  readonly state: 'building' | 'active' | 'standby' | 'retired'
  /** When a process first registered it. */
  readonly createdAt: Date
  /** When it became active; absent when it never was. */
  readonly activatedAt?: Date
}

/**
 * This process does not have the embedder of the active generation. Ends when a process that has it
 * takes over, or when this process's generation becomes active.
 */
export type UnknownGeneration = Failure<'unknown-generation'>

/** The failure of a process without the embedder of the active generation. */
export const unknownGeneration: UnknownGeneration = {
  type: 'unknown-generation',
  message: 'this process does not have the embedder of the active generation of the index',
  retryable: true,
}

/**
 * The generations to write, the active one first, and whether the active one is among them. Each
 * has an embedder of this process.
 */
export interface WrittenGenerations {
  readonly known: readonly Generation[]
  readonly isActiveKnown: boolean
}

/** Names of generations to write. */
export interface PresentGenerations {
  /** Those whose embedder this process has. */
  readonly known: readonly string[]
  /** All others. */
  readonly unknown: readonly string[]
}

/** The generations whose embedder this process has. */
export interface GenerationsOptions {
  /** The generation of the current options. */
  readonly own: Generation
  /** The previous one, while it may still be active. */
  readonly former: Generation | undefined
  /** Whether the host gave a single index: there is no other generation. */
  readonly isOnly: boolean
}

/** The longest wait for the active generation: a search has no more time to lose. */
const readMs = 250

/** The pause before missing tables are queried again. */
const missingMs = 10_000

/**
 * Age at which the active generation is read again in the background; at twice that age, callers
 * wait for the read. A switch is seen within a second.
 */
const freshMs = 400

/**
 * The generation to query and the generations to write, as recorded in PostgreSQL. This process
 * registers those whose embedder it has. Without the tables of this package its own generation is
 * the only one.
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
   * The active generation, as PostgreSQL recorded it less than a second ago; during an outage, as
   * it was last read. `undefined` when this process does not have its embedder. At most 1 round
   * trip in 400 ms.
   */
  active(): Generation | undefined | Promise<Generation | undefined> {
    const ageMs =
      this.#active === undefined ? Infinity : this.#stores.clock.monotonic() - this.#active.atMs
    if (ageMs >= freshMs)
      this.#reading ??= this.#readActive().finally(() => {
        this.#reading = undefined
      })
    return ageMs >= 2 * freshMs && this.#reading !== undefined
      ? this.#reading.then(() => this.#lastActive)
      : this.#lastActive
  }

  get #lastActive(): Generation | undefined {
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
   * The names of the generations to write: those that this process can write, and others. Registers
   * none, but names those that it would. 1 round trip.
   */
  present(): ResultAsync<PresentGenerations, SqlError> {
    const recorded: ResultAsync<readonly GenerationStatus[] | undefined, SqlError> =
      this.#missingUntilMs === Infinity
        ? okAsync(undefined)
        : this.#select({}).orElse(missingTableAs<undefined>(undefined))
    return recorded.map((rows) => {
      if (rows === undefined) return { known: [this.own.name], unknown: [] }
      const isNew = ({ name }: Generation): boolean =>
        rows.length === 0 || (name === this.own.name && !rows.some((row) => row.name === name))
      const live = rows.filter(({ state }) => state !== 'retired')
      const names = [...live, ...this.#known.filter(isNew)].map(({ name }) => name)
      return {
        known: names.filter((name) => this.known(name) !== undefined),
        unknown: names.filter((name) => this.known(name) === undefined),
      }
    })
  }

  /** Every generation, the oldest first: 1 round trip, 2 more for the first call of a process. */
  list(options: CallOptions = {}): ResultAsync<readonly GenerationStatus[], SqlError> {
    return new ResultAsync(this.#list(options))
  }

  /** The name of the generation that queries use: 1 round trip. */
  activeName(): ResultAsync<string, SqlError> {
    return this.list().map(
      (rows) => rows.find(({ state }) => state === 'active')?.name ?? this.own.name,
    )
  }

  /** A generation whose embedder this process has. */
  known(name: string): Generation | undefined {
    return this.#known.find((generation) => generation.name === name)
  }

  /** Makes the next query read PostgreSQL. */
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
    // In a new database the former generation is registered first, and so is active.
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
