import { errAsync } from '@headwater/core'
import type { Failure } from '@headwater/core'
import type { ReceivedEvent } from '../envelope/cloud-event.ts'
import { LostAttempts } from '../inbox/lost-attempts.ts'
import { attempt, type Attempt } from './attempt.ts'
import type { ConsumeSettings, HandleContext } from './consume-options.ts'

/**
 * The attempts at one message. An event that may have ended its process before is counted as lost
 * before each attempt, and taken back after one that the process has survived without a mistake:
 * waiting, in this process or at the broker, costs no attempt.
 */
export class Attempts {
  readonly #settings: ConsumeSettings
  readonly #event: ReceivedEvent
  readonly #isAgain: boolean
  readonly #lost: LostAttempts

  constructor(
    settings: ConsumeSettings,
    { event, isAgain }: { readonly event: ReceivedEvent; readonly isAgain: boolean },
  ) {
    this.#settings = settings
    this.#event = event
    this.#isAgain = isAgain
    this.#lost = new LostAttempts(settings.stores, {
      consumer: settings.consumer,
      eventId: event.id,
    })
  }

  /**
   * Makes the next one. Fails by `refusal` when it was the last, or when there is none left. Never
   * rejects.
   */
  async next(context: HandleContext): Promise<Attempt> {
    return this.#isAgain ? this.#counted(context) : this.#first(context)
  }

  /** Forgets them, once the broker knows that the event is done with. Never rejects. */
  async forget(): Promise<void> {
    const forgotten = await this.#lost.forget()
    if (forgotten.isErr()) this.#report(forgotten.error)
  }

  async #first(context: HandleContext): Promise<Attempt> {
    const outcome = await attempt(this.#settings, this.#event, context)
    if (outcome.kind === 'failed' && outcome.by === 'mistake') await this.#note(1)
    return this.#ended(outcome)
  }

  async #counted(context: HandleContext): Promise<Attempt> {
    const begun = await this.#lost.add(1)
    if (begun.isErr()) return this.#takeBack({ kind: 'failed', by: 'outage', failure: begun.error })
    // The inbox says so again, in a transaction that waits for the standbys.
    if (begun.value === 'handled') return attempt(this.#settings, this.#event, context)
    const outcome = await attempt(this.#settingsFor(begun.value.lost), this.#event, context)
    const isOutage = outcome.kind === 'failed' && outcome.by === 'outage'
    return isOutage ? this.#takeBack(outcome) : this.#ended(outcome)
  }

  /** Without an attempt left the event is refused, unless another process handles it meanwhile. */
  #settingsFor(lost: number): ConsumeSettings {
    const { maxAttempts } = this.#settings
    if (lost <= maxAttempts) return this.#settings
    const failure: Failure<'attempts-lost'> = {
      type: 'attempts-lost',
      message: `${lost - 1} attempts at the event failed or ended their process`,
      retryable: false,
    }
    return { ...this.#settings, handle: () => errAsync(failure) }
  }

  async #takeBack(outcome: Attempt): Promise<Attempt> {
    await this.#note(-1)
    return outcome
  }

  /** What cannot be noted is noted with the next change. */
  async #note(change: number): Promise<void> {
    const noted = await this.#lost.add(change)
    if (noted.isErr()) this.#report(noted.error)
  }

  #report(error: unknown): void {
    const { stores, consumer } = this.#settings
    stores.diagnostics.emit('consume:error', { consumer, error })
  }

  #ended(outcome: Attempt): Attempt {
    const isLast = this.#lost.count >= this.#settings.maxAttempts
    const isMistake = outcome.kind === 'failed' && outcome.by === 'mistake'
    return isMistake && isLast ? { ...outcome, by: 'refusal' } : outcome
  }
}
