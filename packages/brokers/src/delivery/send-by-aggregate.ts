import { allDelivered, err, ok } from '@headwater/core'
import type { OutboxEvent, Result, SinkFailure, SinkReport } from '@headwater/core'
import { aggregateOf } from '../envelope/cloud-event.ts'
import type { NotTaken } from './not-taken.ts'

/** Sends one event, and resolves once the broker has confirmed it or has not taken it. */
export type Send = (event: OutboxEvent) => Promise<NotTaken | undefined>

/**
 * Sends a batch: aggregates side by side, and of each aggregate one event at a time, so that no
 * event can reach the broker before an earlier one of its aggregate that was lost or refused. A
 * broker that takes the second of two messages has not promised the first.
 *
 * Never has more events in flight than the batch has aggregates. Never rejects unless `send` does.
 */
export async function sendByAggregate(
  events: readonly OutboxEvent[],
  send: Send,
): Promise<Result<SinkReport, SinkFailure>> {
  const batch = new Batch(send)
  await Promise.all(lanesOf(events).map((lane) => batch.sendInOrder(lane)))
  if (batch.stopped !== undefined) return err(batch.stopped)
  return ok(batch.failed.length === 0 ? allDelivered : { failed: batch.failed })
}

class Batch {
  readonly failed: { readonly id: string; readonly failure: SinkFailure }[] = []
  stopped: SinkFailure | undefined
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  async sendInOrder(events: readonly OutboxEvent[]): Promise<void> {
    for (const event of events) {
      if (this.stopped !== undefined) return
      const notTaken = await this.#send(event)
      if (notTaken === undefined) continue
      if (notTaken.of === 'batch') this.stopped ??= notTaken.failure
      else this.failed.push({ id: event.id, failure: notTaken.failure })
      return
    }
  }
}

function lanesOf(events: readonly OutboxEvent[]): readonly (readonly OutboxEvent[])[] {
  const lanes = new Map<string, OutboxEvent[]>()
  for (const event of events) {
    const aggregate = aggregateOf(event)
    const lane = lanes.get(aggregate)
    if (lane === undefined) lanes.set(aggregate, [event])
    else lane.push(event)
  }
  return [...lanes.values()]
}
