import type { Delivery, FailedEvent } from '../delivery.ts'
import { aggregateKey, type LoggedEvent } from '../log/event.ts'
import type { SinkFailure, SinkReport } from '../sink.ts'

/**
 * A sink's answer to one batch: a report, or that it cannot at present (`unavailable`), that it
 * never will (`refused`), or a throw (`threw`). A batch is `interrupted` through no fault of the
 * sink.
 */
export type Answer =
  | { readonly kind: 'report'; readonly report: SinkReport }
  | {
      readonly kind: 'unavailable' | 'refused' | 'threw'
      readonly failure: SinkFailure
      readonly isAbandoned?: boolean
    }
  | { readonly kind: 'interrupted'; readonly isAbandoned?: boolean }

/**
 * Hands a batch to a sink, and halves a batch that it refuses until the refused events are known:
 * about 2 log2(n) calls for one bad event in n. Never hands over an event after an earlier one of
 * its aggregate has failed.
 */
export async function deliver(
  events: readonly LoggedEvent[],
  call: (batch: readonly LoggedEvent[]) => Promise<Answer>,
): Promise<Delivery> {
  const tally = new Tally()
  const queue = [events]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const batch = tally.withoutWaiting(next)
    const [first] = batch
    if (first === undefined) continue
    const answer = await call(batch)
    if (answer.kind === 'report') tally.report(batch, answer.report)
    else if (answer.kind === 'interrupted') return { ...tally.delivery, stoppedAt: first }
    else if (answer.kind === 'unavailable')
      return { ...tally.delivery, stoppedAt: first, reason: answer.failure }
    else if (batch.length === 1)
      tally.fail({
        event: first,
        kind: answer.kind === 'threw' ? 'mistake' : 'permanent',
        failure: answer.failure,
      })
    else queue.unshift(batch.slice(0, batch.length >> 1), batch.slice(batch.length >> 1))
  }
  return tally.delivery
}

class Tally {
  readonly #delivered: LoggedEvent[] = []
  readonly #failed: FailedEvent[] = []
  readonly #waiting: LoggedEvent[] = []
  readonly #stuck = new Set<string>()

  get delivery(): Delivery {
    return { delivered: this.#delivered, failed: this.#failed, waiting: this.#waiting }
  }

  withoutWaiting(events: readonly LoggedEvent[]): readonly LoggedEvent[] {
    if (this.#stuck.size === 0) return events
    return events.filter((event) => {
      const isStuck = this.#stuck.has(aggregateKey(event))
      if (isStuck) this.#waiting.push(event)
      return !isStuck
    })
  }

  fail(failed: FailedEvent): void {
    this.#failed.push(failed)
    this.#stuck.add(aggregateKey(failed.event))
  }

  report(batch: readonly LoggedEvent[], { failed }: SinkReport): void {
    const failures = new Map(failed.map(({ id, failure }) => [id, failure]))
    for (const event of batch) {
      const failure = failures.get(event.id)
      if (this.#stuck.size > 0 && this.#stuck.has(aggregateKey(event))) this.#waiting.push(event)
      else if (failure === undefined) this.#delivered.push(event)
      else this.fail({ event, kind: failure.retryable ? 'retryable' : 'permanent', failure })
    }
  }
}
