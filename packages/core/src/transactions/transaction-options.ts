import * as z from 'zod/mini'
import type { Abortable } from '../call-options.ts'
import { checkOptions, option, strictOptions } from '../check-options.ts'
import { once } from '../once.ts'

/**
 * Options of {@link transaction}. An abort before COMMIT is sent rolls back; after that it changes
 * nothing any more.
 */
export interface TransactionOptions extends Abortable {
  /**
   * Time from BEGIN to the end of COMMIT, in milliseconds. Then the statement in progress is cut
   * off and nothing is committed.
   *
   * @defaultValue `5_000`
   */
  readonly deadlineMs?: number
  /**
   * The most runs of `work` when serialization failures and deadlocks stop it. Above 1, `work` must
   * be safe to run again.
   *
   * @defaultValue `1`
   */
  readonly maxAttempts?: number
  /**
   * The isolation of the transaction from others.
   *
   * @defaultValue `'read committed'`
   */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable'
}

/** The defaults of {@link TransactionOptions}. */
export const transactionDefaults = {
  deadlineMs: 5_000,
  maxAttempts: 1,
  isolation: 'read committed',
} as const satisfies Required<Omit<TransactionOptions, 'signal'>>

/** The options of a transaction, complete and checked. */
export type TransactionSettings = Required<Omit<TransactionOptions, 'signal'>> & Abortable

export function transactionSettings(options: TransactionOptions): TransactionSettings {
  return checkOptions('transaction', transactionSchema(), { ...transactionDefaults, ...options })
}

const isolations = ['read committed', 'repeatable read', 'serializable'] as const

const transactionSchema = once(() =>
  strictOptions<TransactionOptions>({
    deadlineMs: option.durationMs(),
    maxAttempts: option.count(),
    signal: z.optional(option.object()),
    isolation: z.enum(isolations, 'expected "read committed", "repeatable read" or "serializable"'),
  }),
)
