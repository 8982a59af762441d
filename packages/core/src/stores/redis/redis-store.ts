import type { RedisClientType, RedisClusterType } from '@redis/client'
import type { StoreError } from '../../errors.ts'
import type { ResultAsync } from '../../result.ts'
import type { CallOptions } from '../../call-options.ts'

/** The part of the client that single servers and clusters have in common. */
export type RedisConnection = RedisClientType | RedisClusterType

/**
 * A client or cluster of `@redis/client` or of `redis`, which adds modules to it. A cluster with
 * modules is no subtype of one without, except for what has nothing to do with them.
 */
export type HostRedis = RedisConnection | Pick<RedisClusterType, 'isReady' | 'sendCommand'>

/** How one command may be limited. */
export interface RedisCallOptions extends CallOptions {
  /**
   * Characters that it sends or receives, as far as is known. From 16,384 on it has a millisecond
   * more for every 1,024. From 65,536 on it takes turns: one such command at a time is under way.
   *
   * @defaultValue `0`
   */
  readonly characters?: number
}

/** What Redis is used for: trouble with one use does not refuse the commands of another. */
export type RedisUse = 'cache' | 'invalidation' | 'sessions' | 'rate-limits'

/**
 * Redis: cache, sessions, rate limits. Every command has a deadline of our own, and a breaker takes
 * a failing server out of the way.
 */
export interface RedisStore {
  /** The client, for what the SDK does not do. Owned by the host when the host handed it in. */
  readonly client: RedisConnection
  /** Goes in front of every key. */
  readonly keyPrefix: string
  /**
   * Names the connected server and its term as a primary: a restart changes it, and so does every
   * promotion. `undefined` while no server is known.
   */
  readonly runId: string | undefined
  /** Whether the breaker lets commands through. */
  readonly isAvailable: boolean
  /** The same Redis for one use, with a breaker of its own. */
  usedFor(use: RedisUse): RedisStore
  /** Runs one command, or one pipelined flush, within the deadline. Never rejects. */
  run<T>(
    operation: string,
    command: (client: RedisClientType) => Promise<T>,
    options?: RedisCallOptions,
  ): ResultAsync<T, StoreError>
  /**
   * Calls `listener` whenever trust in what Redis holds is lost: a lost connection, a command past
   * its deadline, an opened breaker, another server. The returned function ends that.
   */
  onTrustLost(listener: () => void): () => void
}
