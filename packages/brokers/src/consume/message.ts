import type { Result } from '@headwater/core'
import type { MessageUnreadable, ReceivedEvent } from '../envelope/cloud-event.ts'

/** A message of a broker that is in hand: it is settled in exactly one of three ways. */
export interface Message {
  /** The event, or why it cannot be read. */
  readonly event: Result<ReceivedEvent, MessageUnreadable>
  /**
   * Messages of one lane are handled one after the other.
   *
   * @defaultValue the event's aggregate
   */
  readonly lane?: string
  /** Whether it may have been begun before, as far as the broker tells. */
  readonly isAgain: boolean
  /** Aborted once the broker has taken it back, or is to: it is delivered again. */
  readonly lost?: AbortSignal
  /** It is handled. */
  acknowledge(): Promise<void> | void
  /**
   * It will never be handled: hands it to the broker's dead letters. Called again when it rejects,
   * and what is behind it in its lane waits.
   */
  refuse(reason: string): Promise<void> | void
  /** It was not handled: the broker delivers it again. */
  release(): Promise<void> | void
}
