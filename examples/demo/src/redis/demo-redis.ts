import type { RedisOptions, Stores } from '@headwater/core'
import type { Rung } from '@headwater/testing'

/** What the demo asks of Redis besides the SDK. */
export interface RedisLook {
  get(key: string): Promise<string | null>
  pTTL(key: string): Promise<number>
  ping(): Promise<string>
}

/** An outage of Redis. */
export interface RedisOutage {
  /** A description for the reader. */
  readonly does: string
  /** Takes Redis away. */
  begin(): Promise<void>
  /** Brings it back, with the data it held at the beginning. */
  end(): Promise<void>
  /** Whether Redis answers where the SDK looks for it. */
  answers(): Promise<boolean>
}

/** The Redis of one run. */
export interface DemoRedis {
  readonly rung: Rung
  readonly version: string
  /** How the SDK reaches it. */
  readonly options: RedisOptions
  /** Goes in front of every key of this run. */
  readonly prefix: string
  /** `undefined` where the servers are not ours to take away. */
  readonly outage: RedisOutage | undefined
  /** Asks it with an official client. */
  look<T>(stores: Stores, use: (redis: RedisLook) => Promise<T>): Promise<T>
  /** Removes the keys of this run, also when the stores are closed. */
  clear(stores: Stores): Promise<void>
}
