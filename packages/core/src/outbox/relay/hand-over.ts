import type { Clock } from '../../clock.ts'
import type { Diagnostics } from '../../diagnostics.ts'
import { nothingDelivered, type Delivery } from '../delivery.ts'
import type { LoggedEvent, OutboxEvent } from '../log/event.ts'
import { sinkDefaults, type Sink } from '../sink.ts'
import { callSink } from './call-sink.ts'
import { deliver, type Answer } from './deliver.ts'
import type { Ownership } from './ownership.ts'
import type { Pace } from './pace.ts'
import { tracedDelivery } from './traced-delivery.ts'

/** Dependencies of a hand-over. */
export interface HandOverDeps {
  readonly sink: Sink
  readonly ownership: Ownership
  readonly pace: Pace
  readonly clock: Clock
  readonly diagnostics: Diagnostics
}

/** Hands events to one sink within the lease, and reports the outcome to the diagnostics. */
export class HandOver {
  readonly #deps: HandOverDeps
  #hasAbandoned = false

  constructor(deps: HandOverDeps) {
    this.#deps = deps
  }

  /** Whether the sink ever failed to return after its signal was aborted. */
  get hasAbandoned(): boolean {
    return this.#hasAbandoned
  }

  /** Hands events over. The outcome sets the pace of the sink. */
  async send(events: readonly LoggedEvent[]): Promise<Delivery> {
    const { pace, clock } = this.#deps
    const delivery = await this.probe(events)
    if (delivery.reason !== undefined) pace.failed(clock.monotonic())
    else if (events.length > 0 && delivery.stoppedAt === undefined) pace.succeeded()
    return delivery
  }

  /** Hands events over without an effect on the pace. */
  async probe(events: readonly LoggedEvent[]): Promise<Delivery> {
    const { clock } = this.#deps
    const [first] = events
    if (first === undefined) return nothingDelivered
    const startedAt = clock.monotonic()
    const delivery = await this.#deliver(events)
    this.#report(delivery, { first, count: events.length, startedAt })
    return delivery
  }

  #report(
    { delivered, reason }: Delivery,
    {
      first,
      count,
      startedAt,
    }: { readonly first: LoggedEvent; readonly count: number; readonly startedAt: number },
  ): void {
    const { sink, clock, diagnostics } = this.#deps
    if (delivered.length > 0)
      diagnostics.emit('outbox:delivered', {
        sink: sink.name,
        count: delivered.length,
        durationMs: clock.monotonic() - startedAt,
        lagMs: Math.max(0, clock.now() - first.createdAt.getTime()),
      })
    if (reason !== undefined)
      diagnostics.emit('outbox:failed', {
        sink: sink.name,
        count: count - delivered.length,
        retryable: true,
        error: reason,
      })
  }

  #deliver(events: readonly LoggedEvent[]): Promise<Delivery> {
    const { tracing } = this.#deps.diagnostics
    const run = (): Promise<Delivery> => deliver(events, (batch) => this.#call(batch))
    if (!tracing.isOn) return run()
    const work = tracedDelivery(this.#deps.sink.name, events)
    return tracing.trace(work, async () => {
      const delivery = await run()
      const { reason = delivery.failed[0]?.failure } = delivery
      if (reason !== undefined) work.failure = reason.type
      return delivery
    })
  }

  async #call(batch: readonly LoggedEvent[]): Promise<Answer> {
    const { sink, ownership } = this.#deps
    const fences = new Map(ownership.shards.map(({ shard, fence }) => [shard, fence]))
    const fence = (event: OutboxEvent): bigint => fences.get((event as LoggedEvent).shard) ?? 0n
    const limit = ownership.lease.limit(sink.timeoutMs ?? sinkDefaults.timeoutMs)
    const answer = await callSink(sink, batch, { signal: limit.signal, fence })
    limit.lift()
    if ('isAbandoned' in answer && answer.isAbandoned === true) this.#hasAbandoned = true
    return answer
  }
}
