import { checkOptions, option, strictOptions } from '../check-options.ts'
import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { DeadlineExceeded } from '../errors.ts'
import {
  createInvalidation,
  type Invalidation,
  type InvalidationOptions,
} from '../invalidation/invalidation.ts'
import type { NearOptions } from '../near/near-options.ts'
import { once } from '../once.ts'
import { ResultAsync } from '../result.ts'
import { CommitWitness } from '../stores/commit-witness.ts'
import { Standbys } from '../stores/postgres/standbys.ts'
import { Hints } from '../stores/redis/hints.ts'
import type { OpenedStore } from '../stores/store-kind.ts'
import { checkHealth } from './check-health.ts'
import { closeAll, type CloseOptions } from './close.ts'
import type { HealthOptions, HealthReport } from './health.ts'
import { byName } from './open-stores.ts'
import type { ConnectedName, StoresByName } from './store-kinds.ts'
import type { Stores } from './stores.ts'

/** Dependencies of {@link ConnectedStores}. */
export interface ConnectedStoresDeps {
  /** The stores that were opened. */
  readonly opened: readonly OpenedStore[]
  /** Where time comes from. */
  readonly clock: Clock
  /** Where the SDK reports. */
  readonly diagnostics: Diagnostics
  /** Options of the invalidation. */
  readonly invalidation: InvalidationOptions | undefined
  /** Options of the near tier. */
  readonly near: NearOptions | undefined
}

/** Puts the opened stores together, with one life. */
export function connectedStores(deps: ConnectedStoresDeps): Stores {
  const stores = byName(deps.opened)
  return Object.assign(new ConnectedStores(stores, deps), stores)
}

const healthDefaults = { deadlineMs: 1_000 }
const healthRules = once(() => strictOptions<HealthOptions>({ deadlineMs: option.durationMs() }))
const closeDefaults = { deadlineMs: 5_000 }
const closeRules = once(() => strictOptions<CloseOptions>({ deadlineMs: option.durationMs() }))

/** The life of the stores of one application, from `connect` to `close`. */
class ConnectedStores implements Omit<Stores, ConnectedName> {
  readonly invalidation: Invalidation
  readonly hints: Hints
  readonly standbys: Standbys
  readonly witness: CommitWitness
  readonly diagnostics: Diagnostics
  readonly clock: Clock
  readonly #opened: readonly OpenedStore[]
  readonly #hooks = new Set<{ readonly stop: (deadlineMs: number) => Promise<void> }>()
  #closed: ResultAsync<void, DeadlineExceeded> | undefined

  constructor(stores: StoresByName, deps: ConnectedStoresDeps) {
    this.diagnostics = deps.diagnostics
    this.clock = deps.clock
    this.#opened = deps.opened
    this.invalidation = createInvalidation(
      { ...stores, ...deps, redis: stores.redis.usedFor('invalidation') },
      deps.invalidation,
      deps.near,
    )
    this.hints = new Hints({ ...deps, redis: stores.redis }, 'outbox')
    this.standbys = new Standbys(stores.postgres)
    this.witness = new CommitWitness({ ...deps, redis: stores.redis, sql: stores.postgres.client })
    this.beforeClose(() => this.witness.stop())
    this.beforeClose(() => this.invalidation.stop())
  }

  get isCacheTrusted(): boolean {
    return this.invalidation.isOpen
  }

  get isClosing(): boolean {
    return this.#closed !== undefined
  }

  async health(options: HealthOptions = {}): Promise<HealthReport> {
    const { deadlineMs } = checkOptions('stores.health', healthRules(), {
      ...healthDefaults,
      ...options,
    })
    return checkHealth(this.#opened, this.clock, deadlineMs)
  }

  async isReady(): Promise<boolean> {
    if (this.isClosing) return false
    const required = this.#opened.filter((probe) => probe.isRequired)
    const { status } = await checkHealth(required, this.clock, healthDefaults.deadlineMs)
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
    const { deadlineMs } = checkOptions('stores.close', closeRules(), {
      ...closeDefaults,
      ...options,
    })
    this.#closed ??= new ResultAsync(
      closeAll({
        hooks: [...this.#hooks].map((hook) => hook.stop),
        clients: this.#opened,
        deadlineMs,
        clock: this.clock,
        diagnostics: this.diagnostics,
      }),
    )
    return this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // No caller is left to hear of what was cut off.
    await this.close().unwrapOr(undefined)
  }
}
