import type { Consumption, Handle } from '@headwater/brokers'
import type { Sink, Stores } from '@headwater/core'

/** A broker that the events of a run go to, in a stream or exchange of the run's own. */
export interface Broker {
  readonly name: string
  /** Takes the events to it. */
  readonly sink: Sink
  /** Handles the events on the other side. */
  consume(stores: Stores, handle: Handle): Promise<Consumption>
  /** Removes what the run made in it, and disconnects. */
  remove(): Promise<void>
}

/** What every broker of a run is told. */
export interface BrokerRun {
  readonly url: string
  /** Names what the run makes in the broker. */
  readonly name: string
}

/** Names the consumer, and the application in the envelopes. */
export const consumer = 'demo'
export const source = '/elearning'
