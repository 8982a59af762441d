import type { Clock } from '../clock.ts'
import { runScripts } from '../stores/redis/redis-script.ts'
import { readTag } from '../invalidation/tags.ts'
import type { Result } from '../result.ts'
import type { StoreError } from '../errors.ts'
import type { Stores } from '../connect/stores.ts'
import type { CheckedOptions } from './cache-aside.ts'
import { writeEntry } from './entry.ts'
import { fillEntry, type FillRequest } from './fill.ts'
import { Flight, type Outcome } from './flight.ts'
import { type LeaseReply, type LeaseRequest, type SeenValue, takeLease } from './lease.ts'
import type { Loaded, Loader, LoadResult, Row } from './loader.ts'
import { areTagsUnchanged } from './look.ts'
import { MicroBatch } from '../micro-batch.ts'

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
  readonly runId: string
  readonly tags: readonly string[]
  readonly tagNonces: readonly string[]
}

/**
 * Loads what the cache does not have: lease, load, fill. Readers of one process share a load of a
 * key; of all processes one loads.
 */
export class LeasedLoad<Id, Value> {
  readonly #stores: Stores
  readonly #options: CheckedOptions<Id, Value>
  readonly #loader: Loader<Id, Value>
  readonly #flights = new Map<string, Flight<Value>>()
  readonly #leases: MicroBatch<Asked, Result<Granted, StoreError>>
  readonly #fills: MicroBatch<FillRequest, boolean>

  constructor(stores: Stores, options: CheckedOptions<Id, Value>, loader: Loader<Id, Value>) {
    this.#stores = stores
    this.#options = options
    this.#loader = loader
    this.#leases = new MicroBatch((asked) => this.#takeLeases(asked))
    this.#fills = new MicroBatch((requests) => this.#fill(requests))
  }

  /** Shares the flight of a row, or begins one. `seen` is a value that is to be replaced. */
  async join(row: Row<Id>, seen: SeenValue | undefined): Promise<Outcome<Value>> {
    const flight = this.#flights.get(row.key)
    if (flight === undefined || !flight.canJoin) return this.#begin(row, seen)
    const outcome = await flight.join()
    return outcome.kind === 'loaded'
      ? { kind: 'loaded', result: outcome.result.andThen((loaded) => this.#loader.copy(loaded)) }
      : outcome
  }

  /** Loads a row in the background, unless that is happening already. */
  begin(row: Row<Id>, seen: SeenValue): void {
    if (!this.#flights.has(row.key))
      this.#begin(row, seen).catch((error: unknown) => {
        this.#stores.diagnostics.emit('cache:bypass', {
          cache: this.#options.name,
          reason: String(error),
        })
      })
  }

  async #begin(row: Row<Id>, seen: SeenValue | undefined): Promise<Outcome<Value>> {
    const flight = new Flight<Value>()
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
    const { redis, invalidation } = this.#stores
    const { runId } = redis
    if (runId === undefined || !invalidation.isOpen) return { kind: 'pass', reason: 'gate-closed' }
    const nonce = invalidation.nonces.next()
    const tags = this.#options.tagsOf(row.id)
    const lease = { key: row.key, nonce, leaseMs: this.#options.leaseMs, runId, seen }
    const granted = await this.#leases.add({ lease, tags })
    if (granted.isErr()) return { kind: 'pass', reason: granted.error.type }
    const reply = granted.value.lease
    if ('holds' in reply) return { kind: 'again' }
    const tagNonces = granted.value.tagNonces.filter((tag) => tag !== undefined)
    if (tagNonces.length < tags.length) {
      void this.#fills.add({ key: lease.key, nonce: reply.nonce, entry: '', lifeMs: 1 })
      return { kind: 'pass', reason: 'tag-held' }
    }
    const result = await this.#loader.load(row)
    flight.close()
    void this.#settle({ row, flight, nonce: reply.nonce, runId, tags, tagNonces }, result)
    return { kind: 'loaded', result }
  }

  /** The leader has its value already; whether the followers may have it depends on the fill. */
  async #settle(lease: Lease<Id, Value>, result: LoadResult<Value>): Promise<void> {
    const { row, flight } = lease
    const entry = result.isOk() ? this.#entryOf(lease, result.value) : { entry: '', lifeMs: 1 }
    const isAccepted = await this.#fills.add({ key: row.key, nonce: lease.nonce, ...entry })
    const haveTagsStayed =
      isAccepted && (flight.followers === 0 || (await this.#haveTagsStayed(lease)))
    // A server restored from a snapshot may bring the lease back: that it accepts the fill says
    // nothing of what was changed since.
    const isShared = result.isErr() || (haveTagsStayed && this.#stores.redis.runId === lease.runId)
    this.#land(row, flight, isShared ? { kind: 'loaded', result } : { kind: 'again' })
  }

  #land(row: Row<Id>, flight: Flight<Value>, outcome: Outcome<Value>): void {
    if (this.#flights.get(row.key) === flight) this.#flights.delete(row.key)
    flight.land(outcome)
  }

  #entryOf(
    { row, runId, tagNonces }: Lease<Id, Value>,
    { value, payload }: Loaded<Value>,
  ): { entry: string; lifeMs: number } {
    const { name, ttlMs, graceMs, absentTtlMs, maxEntryLength, refreshAt, entryTtlMs } =
      this.#options
    const isPresent = value !== undefined
    const lifeMs = isPresent ? lifeOf(() => entryTtlMs?.(value, row.id) ?? ttlMs) : absentTtlMs
    const refusal = refusalOf(lifeMs, payload, maxEntryLength)
    if (refusal !== undefined) {
      this.#stores.diagnostics.emit('cache:entry-rejected', { cache: name, reason: refusal })
      return { entry: '', lifeMs: 1 }
    }
    const now = this.#clock.now()
    const softMs = isPresent && refreshAt < 1 ? lifeMs * (refreshAt - Math.random() * 0.1) : lifeMs
    const nonce = this.#stores.invalidation.nonces.next()
    const entry = writeEntry({
      nonce,
      runId,
      softExpiryMs: now + softMs,
      expiresMs: now + lifeMs,
      tagNonces,
      payload,
    })
    return { entry, lifeMs: lifeMs + (isPresent ? graceMs : 0) }
  }

  async #haveTagsStayed({ tags, tagNonces }: Lease<Id, Value>): Promise<boolean> {
    if (tags.length === 0) return true
    const { redis } = this.#stores
    const reply = await redis.run('get', (client) =>
      client.mGet(tags.map((tag) => redis.keyPrefix + tag)),
    )
    return reply.isOk() && areTagsUnchanged(tagNonces, reply.value)
  }

  async #takeLeases(asked: readonly Asked[]): Promise<readonly Result<Granted, StoreError>[]> {
    const { redis, invalidation } = this.#stores
    const lifeMs = 2 * (this.#options.ttlMs + this.#options.graceMs) + this.#options.leaseMs
    const granted = await runScripts(redis, 'lease', {
      items: asked,
      run: async (client, { lease, tags }): Promise<Granted> => {
        const [reply, ...tagNonces] = await Promise.all([
          takeLease(client, lease),
          ...tags.map((tag) =>
            readTag(client, redis.keyPrefix + tag, { nonce: invalidation.nonces.next(), lifeMs }),
          ),
        ])
        return { lease: reply, tagNonces }
      },
    })
    return asked.map((_, index) => granted.map((all) => all[index] as Granted))
  }

  async #fill(requests: readonly FillRequest[]): Promise<readonly boolean[]> {
    const { redis, diagnostics } = this.#stores
    const filled = await runScripts(redis, 'fill', {
      items: requests,
      run: fillEntry,
      lengthOf: ({ entry }) => entry.length,
    })
    const accepted = filled.isOk() ? filled.value : requests.map(() => false)
    const values = accepted.filter((_, index) => requests[index]?.entry !== '')
    const fills = values.filter(Boolean).length
    if (fills > 0) diagnostics.emit('cache:fill', { cache: this.#options.name, count: fills })
    if (fills < values.length)
      diagnostics.emit('cache:fill-rejected', {
        cache: this.#options.name,
        count: values.length - fills,
      })
    return accepted
  }

  get #clock(): Clock {
    return this.#stores.clock
  }
}

/**
 * A host's mistake in `entryTtlMs` costs the entry its place in the cache, not the reader his
 * value.
 */
function lifeOf(entryTtl: () => number): number {
  try {
    return entryTtl()
  } catch {
    return Number.NaN
  }
}

function refusalOf(
  lifeMs: number,
  payload: string | undefined,
  maxEntryLength: number,
): string | undefined {
  if (!Number.isFinite(lifeMs) || lifeMs < 0) return `its time to live is ${lifeMs}`
  if (lifeMs < 1) return 'its time to live is 0'
  if (payload !== undefined && payload.length > maxEntryLength)
    return `it has ${payload.length} characters`
  return undefined
}
