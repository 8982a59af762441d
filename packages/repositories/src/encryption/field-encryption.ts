import { checkOptions, err, ok, once, option, ResultAsync, strictOptions } from '@headwater/core'
import type { Abortable, Result } from '@headwater/core'
import type { SealedContext } from '../context.ts'
import { splitOptions } from '../split-options.ts'
import { type Pass, type PassError, passesOf } from './rotate-passes.ts'

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

/** Numbers of rows and documents that were encrypted anew, or for the first time. */
export interface RotationReport {
  /** Profiles. */
  readonly users: number
  /** Requests of registrations that wait for the activity log. */
  readonly origins: number
  /** Activity that waits for MongoDB. */
  readonly waiting: number
  /** Documents of activity. */
  readonly activity: number
}

/** The encryption of fields, where `encryptedFields` names some. */
export class FieldEncryption {
  readonly #context: SealedContext

  /** @internal */
  constructor(context: SealedContext) {
    this.#context = context
  }

  /**
   * Encrypts with the current key what another key encrypted, and what is not encrypted yet; what
   * `encryptedFields` no longer names is decrypted. A run that ends early, by a failure or an abort,
   * is continued by the next one: what is done is only read then. A key may leave the ring when a
   * run finds nothing to do in any process that still writes with it.
   *
   * Costs 2 PostgreSQL round trips per batch, and 2 of MongoDB.
   *
   * @throws InvalidOptions when an option breaks a rule.
   */
  rotate(options: RotateOptions = {}): ResultAsync<RotationReport, PassError> {
    const { call, asked } = splitOptions(options, 'signal')
    const { batch } = checkOptions('rotate', rules(), { ...rotateDefaults, ...asked })
    return new ResultAsync(this.#rotate(batch, call.signal))
  }

  async #rotate(
    batch: number,
    signal: AbortSignal | undefined,
  ): Promise<Result<RotationReport, PassError>> {
    const report = { users: 0, origins: 0, waiting: 0, activity: 0 }
    for (const [name, pass] of Object.entries(passesOf(this.#context))) {
      const changed = await runPass(pass, batch, signal)
      if (changed.isErr()) return err(changed.error)
      report[name as keyof RotationReport] = changed.value
    }
    return ok(report)
  }
}

async function runPass(
  pass: Pass,
  batch: number,
  signal: AbortSignal | undefined,
): Promise<Result<number, PassError>> {
  let changed = 0
  let after: string | number | undefined
  do {
    if (signal?.aborted === true) return ok(changed)
    const part = await pass(after, batch)
    if (part.isErr()) return err(part.error)
    changed += part.value.changed
    after = part.value.next
  } while (after !== undefined)
  return ok(changed)
}
