import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { DeadlineExceeded } from '../errors.ts'
import {
  createInvalidation,
  type Invalidation,
  type InvalidationOptions,
} from '../invalidation/invalidation.ts'
import { ResultAsync } from '../result.ts'
import { checkHealth, type HealthProbe } from './check-health.ts'
import { type Closable, closeAll } from './close.ts'
import type { HealthOptions, HealthReport } from './health.ts'
import type { CloseOptions } from './close.ts'
import type { MongodbStore } from '../stores/mongodb/mongodb-store.ts'
import type { PineconeStore } from '../stores/pinecone/pinecone-store.ts'
import type { PostgresStore } from '../stores/postgres/postgres-store.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import type { Stores } from './stores.ts'

/** What {@link ConnectedStores} is made of. */
export interface StoreParts {
  readonly postgres: PostgresStore
  readonly redis: RedisStore
  readonly mongodb: MongodbStore | undefined
  readonly pinecone: PineconeStore | undefined
  readonly diagnostics: Diagnostics
  readonly clock: Clock
  readonly invalidation: InvalidationOptions
  readonly probes: readonly HealthProbe[]
  readonly clients: readonly Closable[]
}

/** Defaults of `HealthOptions` and `CloseOptions`. */
const defaults = { healthDeadlineMs: 1_000, closeDeadlineMs: 5_000 }

/** The stores of one application, from `connect` to `close`. */
export class ConnectedStores implements Stores {
  readonly postgres: PostgresStore
  readonly redis: RedisStore
  readonly mongodb: MongodbStore | undefined
  readonly pinecone: PineconeStore | undefined
  readonly invalidation: Invalidation
  readonly diagnostics: Diagnostics
  readonly clock: Clock
  readonly #probes: readonly HealthProbe[]
  readonly #clients: readonly Closable[]
  readonly #hooks = new Set<{ readonly stop: (deadlineMs: number) => Promise<void> }>()
  #closed: ResultAsync<void, DeadlineExceeded> | undefined

  constructor(parts: StoreParts) {
    this.postgres = parts.postgres
    this.redis = parts.redis
    this.mongodb = parts.mongodb
    this.pinecone = parts.pinecone
    this.diagnostics = parts.diagnostics
    this.clock = parts.clock
    this.#probes = parts.probes
    this.#clients = parts.clients
    this.invalidation = createInvalidation(parts, parts.invalidation)
    this.beforeClose(() => this.invalidation.stop())
  }

  get isClosing(): boolean {
    return this.#closed !== undefined
  }

  health(options: HealthOptions = {}): Promise<HealthReport> {
    return checkHealth(this.#probes, this.clock, options.deadlineMs ?? defaults.healthDeadlineMs)
  }

  async isReady(): Promise<boolean> {
    if (this.isClosing) return false
    const required = this.#probes.filter((probe) => probe.isRequired)
    const { status } = await checkHealth(required, this.clock, defaults.healthDeadlineMs)
    return status === 'up' && !this.isClosing
  }

  beforeClose(stop: (deadlineMs: number) => Promise<void>): () => void {
    const hook = { stop }
    this.#hooks.add(hook)
    return () => {
      this.#hooks.delete(hook)
    }
  }

  close(options: CloseOptions = {}): ResultAsync<void, DeadlineExceeded> {
    this.#closed ??= new ResultAsync(
      closeAll({
        hooks: [...this.#hooks].map((hook) => hook.stop),
        clients: this.#clients,
        deadlineMs: options.deadlineMs ?? defaults.closeDeadlineMs,
        clock: this.clock,
        diagnostics: this.diagnostics,
      }),
    )
    return this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What was cut off at the deadline is cut off: there is nobody to tell.
    await this.close().unwrapOr(undefined)
  }
}
