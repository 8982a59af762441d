import {
  deadline,
  err,
  missingTableAs,
  ok,
  okAsync,
  ResultAsync,
  withCause,
  within,
} from '@headwater/core'
import type { LoadFailed, Result, SqlError, Stores } from '@headwater/core'
import { calibrate, measuringMs } from './calibration.ts'
import type { Calibration, CalibrationError } from './calibration.ts'
import { deleteCalibration, saveCalibration, selectCalibration } from './calibration-queries.ts'
import type { CalibrationRow } from './calibration-queries.ts'
import type { Generation } from './generations.ts'

/** Age at which a calibration is read again, in the background. */
const freshMs = 60_000

/** A search that waits for it has no more time to lose. */
const readMs = 250

/** Keeping a measurement goes on in the background. */
const saveMs = 5_000

/** Nobody waits for the size of an index. */
const statsMs = 2_000

/** A calibration, when it was read or measured, and the vectors that were stored since. */
interface Known {
  readonly value: Calibration
  readonly atMs: number
  readonly stored: number
}

/**
 * The calibrations of the generations: measured once for all processes, and kept in PostgreSQL.
 * Where that is away, or has no table for them, each process measures for itself.
 */
export class Calibrations {
  readonly #stores: Stores
  readonly #known = new Map<string, Known>()
  readonly #loading = new Map<string, Promise<Result<Calibration, CalibrationError>>>()
  readonly #closing = new AbortController()

  constructor(stores: Stores) {
    this.#stores = stores
    stores.beforeClose(async () => {
      this.#closing.abort()
    })
  }

  /**
   * The calibration of a generation: no round trip while it is known. It is read again each minute,
   * and measured again when the catalogue has doubled, both in the background. The first call of a
   * process waits for 1 round trip of PostgreSQL, the first of all for a measurement.
   */
  of(generation: Generation): ResultAsync<Calibration, CalibrationError> {
    const known = this.#known.get(generation.name)
    if (known === undefined) return new ResultAsync(this.#load(generation))
    if (this.#stores.clock.monotonic() - known.atMs >= freshMs) void this.#refresh(generation)
    return okAsync(known.value)
  }

  /** Takes note of vectors that were stored: as many as there were have it measured again. */
  afterStoring(
    generation: Generation,
    vectors: number,
  ): ResultAsync<Calibration, CalibrationError> {
    const known = this.#known.get(generation.name)
    if (known === undefined) return this.of(generation)
    const stored = known.stored + vectors
    const isDue = stored >= known.value.courses
    // Counted anew at once: others that store meanwhile do not measure too.
    this.#known.set(generation.name, { ...known, stored: isDue ? 0 : stored })
    return isDue ? this.measure(generation) : this.of(generation)
  }

  /**
   * Measures a generation now, and keeps the result: {@link calibrate}, and 1 round trip more. Ends
   * after 10 s, whatever the embedder does, and when the stores are closed.
   */
  measure(generation: Generation): ResultAsync<Calibration, CalibrationError> {
    const { clock } = this.#stores
    const measuring = (signal: AbortSignal) =>
      calibrate(generation, { clock, signal }).catch((error: unknown) => err(notMeasured(error)))
    return deadline(measuring, {
      ms: measuringMs,
      store: 'openai',
      operation: 'calibrate',
      signal: this.#closing.signal,
    })
      .andThen((measured) => measured)
      .map(async (measured) => {
        if (measured.courses > 0) {
          this.#remember(generation, measured)
          await this.#save(generation, measured)
        }
        return measured
      })
  }

  /** Forgets a generation that is removed: 1 round trip. */
  forget(name: string): ResultAsync<void, SqlError> {
    this.#known.delete(name)
    return this.#stores.postgres
      .query(deleteCalibration, [name])
      .map(() => undefined)
      .orElse(missingTableAs(undefined))
  }

  async #refresh(generation: Generation): Promise<void> {
    const loaded = await this.#load(generation)
    if (loaded.isErr()) this.#report(loaded.error)
  }

  /** Never rejects; the callers of one time share one load. */
  #load(generation: Generation): Promise<Result<Calibration, CalibrationError>> {
    const { name } = generation
    const loading =
      this.#loading.get(name) ??
      this.#readOrMeasure(generation).finally(() => this.#loading.delete(name))
    this.#loading.set(name, loading)
    return loading
  }

  async #readOrMeasure(generation: Generation): Promise<Result<Calibration, CalibrationError>> {
    const read = await this.#stores.postgres.query<CalibrationRow>(
      selectCalibration,
      [generation.name],
      { deadlineMs: readMs },
    )
    const known = this.#known.get(generation.name)?.value
    const [row] = read.isOk() ? read.value.rows : []
    const kept = row ?? known
    if (known !== undefined && read.isOk() && row === undefined) await this.#save(generation, known)
    // No search waits for a measurement that only replaces another.
    const isDue = known !== undefined && (await this.#isOutgrown(generation, row))
    if (kept !== undefined && !isDue) return ok(this.#remember(generation, kept))
    const measured = await this.measure(generation)
    if (measured.isOk() || kept === undefined) return measured
    this.#report(measured.error)
    return ok(this.#remember(generation, kept))
  }

  /** Courses that wait to be indexed, or cannot be, are nothing to measure. */
  async #isOutgrown({ index }: Generation, row: CalibrationRow | undefined): Promise<boolean> {
    if (row?.is_outgrown !== true) return false
    const stats = await deadline(async () => await index.stats({ deadlineMs: statsMs }), {
      ms: statsMs,
      store: 'pinecone',
      operation: 'stats',
      signal: this.#closing.signal,
    }).andThen((size) => size)
    return stats.isOk() && stats.value.recordCount >= 2 * row.courses
  }

  /**
   * Keeps a calibration, and waits for that no longer than a search may: one that is not kept is
   * measured again by the next process. Never rejects.
   */
  async #save({ name }: Generation, { typical, floor, courses }: Calibration): Promise<void> {
    const saving = this.#stores.postgres
      .query(saveCalibration, [name, typical, floor, courses], { deadlineMs: saveMs })
      .map(() => undefined)
      .orElse(missingTableAs(undefined))
      .match(() => undefined, this.#report)
    await within(saving, readMs, () => undefined)
  }

  readonly #report = (error: SqlError | CalibrationError): void => {
    this.#stores.diagnostics.emit('search:degraded', { leg: 'dense', error })
  }

  #remember({ name }: Generation, { typical, floor, courses }: Calibration): Calibration {
    const value = { typical, floor, courses }
    const before = this.#known.get(name)
    const stored = before?.value.courses === courses ? before.stored : 0
    this.#known.set(name, { value, atMs: this.#stores.clock.monotonic(), stored })
    return value
  }
}

/** The failure of an embedder or an index that throws, which a host's own may do. */
function notMeasured(error: unknown): LoadFailed {
  const failure: LoadFailed = {
    type: 'load-failed',
    message: 'the similarities of the catalogue could not be measured',
    retryable: true,
    cache: 'calibration',
  }
  return withCause(failure, error)
}
