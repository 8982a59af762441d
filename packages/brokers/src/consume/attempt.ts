import { failureIn, ok, transaction } from '@headwater/core'
import type { Failure, Result, Transaction } from '@headwater/core'
import type { ReceivedEvent } from '../envelope/cloud-event.ts'
import { wordsOf } from '../delivery/not-taken.ts'
import { inbox } from '../inbox/inbox.ts'
import type { ConsumeSettings, Handle, HandleContext } from './consume-options.ts'

/**
 * The reason of a failed attempt. `refusal`: `handle` returned a permanent failure. `mistake`: it
 * threw, or what it wrote could not be committed. `outage`: it, or the transaction around it, may
 * succeed later; nothing is known against the event.
 */
export type FailedBy = 'refusal' | 'mistake' | 'outage'

/** The outcome of one attempt at an event. */
export type Attempt =
  | { readonly kind: 'handled' | 'duplicate' }
  | { readonly kind: 'failed'; readonly by: FailedBy; readonly failure: Failure<string> }

/** Handles an event in one transaction with the note that it was handled. Never rejects. */
export async function attempt(
  { stores, consumer, handle, deadlineMs }: ConsumeSettings,
  event: ReceivedEvent,
  context: HandleContext,
): Promise<Attempt> {
  const work = new Work(handle, event, context)
  try {
    const result = await transaction<'handled' | 'duplicate', Failure<string>>(
      stores,
      (tx) => inbox.once(tx, { consumer, eventId: event.id }, () => work.run(tx)),
      { deadlineMs },
    )
    return result.isOk() ? { kind: result.value } : work.failed(result.error)
  } catch (error) {
    return work.failed(failureIn(error) ?? mistake(error))
  }
}

/** What `handle` makes of an event; a transaction that is carried out again runs it anew. */
class Work {
  readonly #handle: Handle
  readonly #event: ReceivedEvent
  readonly #context: HandleContext
  #hasBegun = false
  #returned: Failure<string> | undefined

  constructor(handle: Handle, event: ReceivedEvent, context: HandleContext) {
    this.#handle = handle
    this.#event = event
    this.#context = context
  }

  async run(tx: Transaction): Promise<Result<unknown, Failure<string>>> {
    this.#hasBegun = true
    this.#returned = undefined
    const answer = await this.#handle(tx, this.#event, this.#context)
    if (answer === undefined) return ok(undefined)
    if (answer.isErr()) this.#returned = answer.error
    return answer
  }

  failed(failure: Failure<string>): Attempt {
    return { kind: 'failed', by: this.#blame(failure), failure }
  }

  /**
   * Only what `handle` itself returned is permanent. BEGIN, the inbox and COMMIT fail with
   * permanent failures as well, of a server that is read-only or lacks a table: that is no fault of
   * the event.
   */
  #blame(failure: Failure<string>): FailedBy {
    if (failure.retryable || failure.type === 'commit-unknown') return 'outage'
    if (failure === this.#returned) return 'refusal'
    // A handling that hears of the close may throw because of it.
    return this.#hasBegun && !this.#context.signal.aborted ? 'mistake' : 'outage'
  }
}

function mistake(error: unknown): Failure<'handler-threw'> {
  return { type: 'handler-threw', message: wordsOf(error), retryable: false }
}
