import { failureIn, ok, transaction } from '@headwater/core'
import type { Failure, Result } from '@headwater/core'
import type { ReceivedEvent } from '../envelope/cloud-event.ts'
import { wordsOf } from '../delivery/not-taken.ts'
import { inbox } from '../inbox/inbox.ts'
import type { ConsumeSettings, Handle, HandleContext } from './consume-options.ts'

/** The outcome of one attempt at an event. */
export type Attempt =
  | { readonly kind: 'handled' | 'duplicate' }
  | {
      readonly kind: 'failed'
      readonly failure: Failure<string>
      /** Whether `handle` threw something that is no typed failure. */
      readonly isMistake: boolean
    }

/** Handles an event in one transaction with the note that it was handled. Never rejects. */
export async function attempt(
  { stores, consumer, handle, deadlineMs }: ConsumeSettings,
  event: ReceivedEvent,
  context: HandleContext,
): Promise<Attempt> {
  try {
    const result = await transaction<'handled' | 'duplicate', Failure<string>>(
      stores,
      (tx) =>
        inbox.once(tx, { consumer, eventId: event.id }, async () =>
          outcomeOf(await handle(tx, event, context)),
        ),
      { deadlineMs },
    )
    return result.isOk()
      ? { kind: result.value }
      : { kind: 'failed', failure: result.error, isMistake: false }
  } catch (error) {
    const failure = failureIn(error)
    return { kind: 'failed', failure: failure ?? mistake(error), isMistake: failure === undefined }
  }
}

function outcomeOf(answer: Awaited<ReturnType<Handle>>): Result<unknown, Failure<string>> {
  return answer === undefined ? ok(undefined) : answer
}

function mistake(error: unknown): Failure<'handler-threw'> {
  return { type: 'handler-threw', message: wordsOf(error), retryable: false }
}
