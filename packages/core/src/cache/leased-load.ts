import { readTag } from '../invalidation/tags.ts'
import { MicroBatch } from '../micro-batch.ts'
import type { Result } from '../result.ts'
import type { StoreError } from '../errors.ts'
import type { CacheStores } from './cache-stores.ts'
import { runScripts } from '../stores/redis/redis-script.ts'
import type { CacheReports } from './reports/cache-reports.ts'
import type { CheckedOptions } from './checked-options.ts'
import type { Loaded, LoadResult, ValueCodec } from './codec.ts'
import { fillEntry, type FillRequest } from './fill.ts'
import { Flight, type Outcome } from './flight.ts'
import { type LeaseReply, type LeaseRequest, type SeenValue, takeLease } from './lease.ts'
import { LoadScope } from '../load-scope.ts'
import type { Loader } from './loader.ts'
import { areTagsUnchanged } from './look.ts'
import { emptyFill, lifeOf, newEntry, type NewEntry, refusalOf } from './new-entry.ts'
import type { Row } from './row-keys.ts'

/** Dependencies of a {@link LeasedLoad}. */
export interface LeasedLoadDeps<Id, Value> {
  readonly stores: CacheStores
  readonly options: CheckedOptions<Id, Value>
  readonly loader: Loader<Id, Value>
  readonly codec: ValueCodec<Value>
  readonly reports: CacheReports
}

interface Asked {
  readonly lease: LeaseRequest
  readonly tags: readonly string[]
}

interface Granted {
  readonly lease: LeaseReply
  readonly tagNonces: readonly (string | undefined)[]
}

interface Lease<Id, Value> {
  readonly row: Row<Id>
  readonly flight: Flight<Value>
  readonly nonce: string
  readonly cacheId: string
  readonly tags: readonly string[]
  readonly tagNonces: readonly string[]
}

/**
 * Loads rows that the cache does not have: lease, load, fill. Readers of one process share the load
 * of a key, and one process of the fleet loads it.
 */
export class LeasedLoad<Id, Value> {
  readonly #deps: LeasedLoadDeps<Id, Value>
  readonly #flights = new Map<string, Flight<Value>>()
  readonly #leases: MicroBatch<Asked, Result<Granted, StoreError>>
  readonly #fills: MicroBatch<FillRequest, boolean>

  constructor(deps: LeasedLoadDeps<Id, Value>) {
    this.#deps = deps
    this.#leases = new MicroBatch((asked) => this.#takeLeases(asked))
    this.#fills = new MicroBatch((requests) => this.#storeAll(requests))
  }

  /** Shares the flight of a row, or begins one. `seen` is a value that will be replaced. */
  async join(row: Row<Id>, seen: SeenValue | undefined): Promise<Outcome<Value>> {
    const flight = this.#flights.get(row.key)
    if (flight === undefined || !flight.canJoin) return this.#begin(row, seen)
    if (!flight.isSafeFor(LoadScope.current)) return { kind: 'bypass', reason: 'nested' }
    const outcome = await flight.join()
    return outcome.kind === 'loaded'
      ? { kind: 'loaded', result: outcome.result.andThen((row) => this.#deps.codec.copy(row)) }
      : outcome
  }

  /** Refreshes a row in the background, unless this process is loading it already. */
  refresh(row: Row<Id>, seen: SeenValue): void {
    if (this.#flights.has(row.key)) return
    LoadScope.leave(() => this.#begin(row, seen)).catch((error: unknown) => {
      this.#deps.reports.bypass(String(error))
    })
  }

  async #begin(row: Row<Id>, seen: SeenValue | undefined): Promise<Outcome<Value>> {
    const flight = new Flight<Value>(LoadScope.current)
    this.#flights.set(row.key, flight)
    try {
      const outcome = await this.#lead(row, seen, flight)
      if (outcome.kind !== 'loaded') this.#land(row, flight, outcome)
      return outcome
    } catch (error) {
      this.#land(row, flight, { kind: 'again' })
      throw error
    }
  }

  async #lead(
    row: Row<Id>,
    seen: SeenValue | undefined,
    flight: Flight<Value>,
  ): Promise<Outcome<Value>> {
    const lease = await this.#lease(row, seen, flight)
    if ('kind' in lease) return lease
    const result = await this.#deps.loader.load(row)
    flight.close()
    void this.#fill(lease, result)
    return { kind: 'loaded', result }
  }

  async #lease(
    row: Row<Id>,
    seen: SeenValue | undefined,
    flight: Flight<Value>,
  ): Promise<Lease<Id, Value> | Exclude<Outcome<Value>, { kind: 'loaded' }>> {
    const {
      stores: { invalidation },
      options: { leaseMs },
    } = this.#deps
    const { cacheId } = invalidation
    if (cacheId === undefined || !invalidation.isOpen)
      return { kind: 'bypass', reason: 'gate-closed' }
    const { tags } = row
    const request = { key: row.key, nonce: invalidation.nonces.next(), leaseMs, cacheId, seen }
    const granted = await this.#leases.add({ lease: request, tags })
    if (granted.isErr()) return { kind: 'bypass', reason: granted.error.type }
    const reply = granted.value.lease
    if ('holds' in reply) return { kind: 'again' }
    const tagNonces = granted.value.tagNonces.filter((tag) => tag !== undefined)
    if (tagNonces.length < tags.length) {
      void this.#fills.add({ key: row.key, nonce: reply.nonce, ...emptyFill })
      return { kind: 'bypass', reason: 'tag-held' }
    }
    return { row, flight, nonce: reply.nonce, cacheId, tags, tagNonces }
  }

  /** Stores the row. The leader has its value already; the followers get it if the fill counts. */
  async #fill(lease: Lease<Id, Value>, result: LoadResult<Value>): Promise<void> {
    const { row, flight } = lease
    const fill = result.isOk() ? this.#entryOf(lease, result.value) : emptyFill
    const isAccepted = await this.#fills.add({ key: row.key, nonce: lease.nonce, ...fill })
    const areTagsCurrent =
      isAccepted && (flight.followers === 0 || (await this.#areTagsCurrent(lease)))
    // A server restored from a snapshot may bring the lease back, and a flush leaves it: that the
    // fill is accepted says nothing about changes since then.
    const isShared =
      result.isErr() || (areTagsCurrent && this.#deps.stores.invalidation.cacheId === lease.cacheId)
    this.#land(row, flight, isShared ? { kind: 'loaded', result } : { kind: 'again' })
  }

  #land(row: Row<Id>, flight: Flight<Value>, outcome: Outcome<Value>): void {
    if (this.#flights.get(row.key) === flight) this.#flights.delete(row.key)
    flight.land(outcome)
  }

  #entryOf({ row, cacheId, tagNonces }: Lease<Id, Value>, loaded: Loaded<Value>): NewEntry {
    const { options, reports, stores } = this.#deps
    const lifeMs = lifeOf(options, row.id, loaded)
    const refusal = refusalOf(lifeMs, loaded.payload, options.maxEntryLength)
    if (refusal !== undefined) {
      reports.rejected(refusal)
      return emptyFill
    }
    const nonce = stores.invalidation.nonces.next()
    const source = { nonce, cacheId, tagNonces, now: stores.clock.now() }
    return newEntry(options, loaded, { lifeMs, source })
  }

  async #areTagsCurrent({ tags, tagNonces }: Lease<Id, Value>): Promise<boolean> {
    if (tags.length === 0) return true
    const { redis } = this.#deps.stores
    const reply = await redis.run('get', (client) => client.mGet([...tags]))
    return reply.isOk() && areTagsUnchanged(tagNonces, reply.value)
  }

  async #takeLeases(asked: readonly Asked[]): Promise<readonly Result<Granted, StoreError>[]> {
    const {
      stores: { redis, invalidation },
      options: { ttlMs, graceMs, leaseMs },
    } = this.#deps
    const lifeMs = 2 * (ttlMs + graceMs) + leaseMs
    const granted = await runScripts(redis, 'lease', {
      items: asked,
      run: async (client, { lease, tags }): Promise<Granted> => {
        const [reply, ...tagNonces] = await Promise.all([
          takeLease(client, lease),
          ...tags.map((tag) => readTag(client, tag, { nonce: invalidation.nonces.next(), lifeMs })),
        ])
        return { lease: reply, tagNonces }
      },
    })
    return asked.map((_, index) => granted.map((all) => all[index] as Granted))
  }

  async #storeAll(requests: readonly FillRequest[]): Promise<readonly boolean[]> {
    const filled = await runScripts(this.#deps.stores.redis, 'fill', {
      items: requests,
      run: fillEntry,
      lengthOf: ({ entry }) => entry.length,
    })
    const accepted = filled.isOk() ? filled.value : requests.map(() => false)
    const values = accepted.filter((_, index) => requests[index]?.entry !== '')
    this.#deps.reports.fills(values.filter(Boolean).length, values.length)
    return accepted
  }
}
