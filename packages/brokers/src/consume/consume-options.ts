import * as z from 'zod/mini'
import { option, transactionDefaults } from '@headwater/core'
import type { AsyncResult, Failure, OptionRules, Stores, Transaction } from '@headwater/core'
import type { ReceivedEvent } from '../envelope/cloud-event.ts'
import { inboxDefaults } from '../inbox/inbox.ts'

/** The context of a handling. */
export interface HandleContext {
  /** Aborted when the consumption is closed. */
  readonly signal: AbortSignal
}

/**
 * Handles one event in a transaction, which also notes that it was handled: what it writes through
 * `tx` happens once, however often the broker delivers the event.
 *
 * Resolve with nothing or `Ok` to commit. An `Err` rolls back: when it is `retryable` the event is
 * tried again until it succeeds, otherwise it goes to the broker's dead letters at once. A throw
 * rolls back as well: a `FailureError` that is `retryable` lets the event be tried again until it
 * succeeds, and anything else is a mistake, of which there may be `maxAttempts`.
 */
export type Handle = (
  tx: Transaction,
  event: ReceivedEvent,
  context: HandleContext,
) => AsyncResult<unknown, Failure<string>> | Promise<void>

/** Options that the consumptions of all brokers share. */
export interface ConsumeOptions {
  /** Names the consumer in the inbox; never change it. */
  readonly consumer: string
  /** Handles one event. */
  readonly handle: Handle
  /**
   * The most messages that are taken from the broker and not yet acknowledged.
   *
   * @defaultValue `64`
   */
  readonly maxInHand?: number
  /**
   * The most events that are handled at the same time. Those of one aggregate never are, and one
   * that is delivered again, which may have ended its process, is handled alone.
   *
   * @defaultValue `4`
   */
  readonly concurrency?: number
  /**
   * Attempts at one event that may fail by a mistake of `handle` (a throw), or end the process,
   * before it goes to the dead letters. The first end of a process is not counted, since the event
   * is suspected only when the broker delivers it again.
   *
   * @defaultValue `5`
   */
  readonly maxAttempts?: number
  /**
   * The longest pause before an event is tried again, in milliseconds; the first is 100 ms, and
   * each is twice as long as the one before.
   *
   * @defaultValue `30_000`
   */
  readonly maxBackOffMs?: number
  /**
   * Time limit of a handling's transaction, in milliseconds.
   *
   * @defaultValue `5_000`
   */
  readonly deadlineMs?: number
  /**
   * Time for the broker to take an acknowledgement or a refusal, or to end the delivery when the
   * consumption is closed, in milliseconds. Then it is reported and waited for no more.
   *
   * @defaultValue `10_000`
   */
  readonly timeoutMs?: number
  /**
   * Age from which entries of the inbox may be deleted, in milliseconds; see
   * {@link PurgeInboxOptions}.
   *
   * @defaultValue `604_800_000`, seven days
   */
  readonly retentionMs?: number
  /**
   * Time between two purges of the inbox, in milliseconds.
   *
   * @defaultValue `600_000`
   */
  readonly purgeMs?: number
}

/** The defaults of {@link ConsumeOptions}. */
export const consumeDefaults = {
  maxInHand: 64,
  concurrency: 4,
  maxAttempts: 5,
  maxBackOffMs: 30_000,
  deadlineMs: transactionDefaults.deadlineMs,
  timeoutMs: 10_000,
  retentionMs: inboxDefaults.retentionMs,
  purgeMs: 600_000,
} as const satisfies Omit<Required<ConsumeOptions>, 'consumer' | 'handle'>

/** The shared options, complete and checked, and the stores of the consumer. */
export type ConsumeSettings = Required<ConsumeOptions> & { readonly stores: Stores }

/**
 * The rules of the shared options.
 *
 * @internal
 */
export const consumeRules = (): OptionRules<ConsumeOptions> => ({
  consumer: option.text(),
  handle: option.function(),
  maxInHand: z.optional(option.count()),
  concurrency: z.optional(option.count()),
  maxAttempts: z.optional(option.count()),
  maxBackOffMs: z.optional(option.timeoutMs()),
  deadlineMs: z.optional(option.durationMs()),
  timeoutMs: z.optional(option.timeoutMs()),
  retentionMs: z.optional(option.durationMs()),
  purgeMs: z.optional(option.timeoutMs()),
})
