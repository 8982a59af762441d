import {
  checkOptions,
  err,
  ok,
  once,
  option,
  ResultAsync,
  strictOptions,
  unlessAborted,
} from '@headwater/core'
import type { Abortable, Result } from '@headwater/core'
import type { SealedContext } from '../context.ts'
import { splitOptions } from '../split-options.ts'
import { passesOf } from './rotate-passes.ts'
import type { LeftRow, Pass, RotateError } from './rotate-table.ts'

/** Options of {@link FieldEncryption.rotate}. */
export interface RotateOptions extends Abortable {
  /**
   * Rows or documents that are changed at once.
   *
   * @defaultValue `200`
   */
  readonly batch?: number
}

/** The defaults of {@link RotateOptions}. */
export const rotateDefaults = { batch: 200 } as const

const rules = once(() => strictOptions<Omit<RotateOptions, 'signal'>>({ batch: option.count() }))

/** Numbers of rows and documents that were encrypted anew, or for the first time, or decrypted. */
export interface RotationReport {
  /** Profiles. */
  readonly users: number
  /** Requests of registrations that wait for the activity log. */
  readonly origins: number
  /** Activity that waits for MongoDB. */
  readonly waiting: number
  /** Documents of activity; `undefined` without MongoDB. */
  readonly activity: number | undefined
  /** Rows and documents that should have been, and were not. */
  readonly left: number
  /** The first hundred of them. */
  readonly leftRows: readonly LeftRow[]
}

const mostNamed = 100

/** The encryption of fields, where `encryptedFields` is given. */
export class FieldEncryption {
  readonly #context: SealedContext

  /** @internal */
  constructor(context: SealedContext) {
    this.#context = context
  }

  /**
   * Encrypts with the current key what another key encrypted, and what is not encrypted yet; what
   * `encryptedFields` no longer names is decrypted. A run that ends by a failure or an abort
   * is continued by the next one: what is done is only read then. A row that cannot be read by
   * itself is left, and so is an address that two rows have; a missing key ends the run. A key may
   * leave the ring after a run of a process with MongoDB that found nothing to do and left nothing.
   *
   * Costs 1 PostgreSQL round trip per batch, or 4 where something is to do; of MongoDB 1 or 2.
   *
   * @throws InvalidOptions when an option breaks a rule.
   */
  rotate(options: RotateOptions = {}): ResultAsync<RotationReport, RotateError> {
    const { call, asked } = splitOptions(options, 'signal')
    const { batch } = checkOptions('rotate', rules(), { ...rotateDefaults, ...asked })
    const operation = { store: 'postgres', operation: 'rotate' } as const
    return unlessAborted(
      call,
      operation,
      () => new ResultAsync(this.#rotate(batch, () => call.signal?.aborted === true)),
    )
  }

  async #rotate(
    batch: number,
    isAborted: () => boolean,
  ): Promise<Result<RotationReport, RotateError>> {
    const { users, origins, waiting, activity } = passesOf(this.#context)
    const run = new Run(batch, isAborted)
    const report = {
      users: await run.through(users),
      origins: await run.through(origins),
      waiting: await run.through(waiting),
      activity: activity && (await run.through(activity)),
    }
    const { failure, left, leftRows } = run
    return failure === undefined ? ok({ ...report, left, leftRows }) : err(failure)
  }
}

/** The passes of one run, until one fails. */
class Run {
  readonly leftRows: LeftRow[] = []
  left = 0
  failure: RotateError | undefined
  readonly #batch: number
  readonly #isAborted: () => boolean

  constructor(batch: number, isAborted: () => boolean) {
    this.#batch = batch
    this.#isAborted = isAborted
  }

  /** Carries out a pass, and returns the number of rows that were changed. */
  async through(pass: Pass): Promise<number> {
    let changed = 0
    let after: string | number | undefined
    do {
      if (this.failure !== undefined || this.#isAborted()) return changed
      const part = await pass(after, this.#batch)
      if (part.isErr()) {
        this.failure = part.error
        return changed
      }
      changed += part.value.changed
      this.left += part.value.left.length
      this.leftRows.push(...part.value.left.slice(0, mostNamed - this.leftRows.length))
      after = part.value.next
    } while (after !== undefined)
    return changed
  }
}
