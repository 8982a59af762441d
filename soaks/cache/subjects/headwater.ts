import { AsyncLocalStorage } from 'node:async_hooks'
import {
  beginChange,
  type Cache,
  type CacheKey,
  type CacheOptions,
  cacheKey,
  connect,
  defineCache,
  err,
  ok,
  orThrow,
  type Stores,
  transaction,
} from '@headwater/core'
import { steppingClock, withClock } from '../clock-steps.ts'
import { raiseVersion, selectRows, type VersionedRow } from '../rows.ts'
import {
  type Subject,
  type SubjectSessions,
  type SubjectUrls,
  transactionMs,
  ttlMs,
  type Write,
} from '../subject.ts'
import { headwaterSessions } from './headwater-sessions.ts'

const holdMs = 3_000
const shortTtlMs = 500
const refreshShare = 0.002
/** Small, because reads of entries that are constantly reloaded take longer than hits. */
const shortShare = 0.05
const hostShare = 0.4
const longIds = Array.from({ length: 500 }, (_, id) => id)
const longText = 'x'.repeat(4_000)

/**
 * The cache of this project in all its variants: entries that live long, entries with grace that
 * are constantly reloaded, and entries that only their tag invalidates; single reads, reads of many
 * and refreshes; writes in a `transaction` and in a transaction of the host.
 */
export async function openHeadwater(urls: SubjectUrls): Promise<Subject> {
  return new Headwater(await connectStores(urls))
}

/** Connects to the stores. */
export async function connectStores({ redis, postgresUrl }: SubjectUrls): Promise<Stores> {
  return orThrow(
    await connect({
      postgres: { url: withClock(postgresUrl), maxConnections: 6 },
      redis,
      invalidation: { holdMs },
      clock: steppingClock(),
    }),
  )
}

/** The subject, on stores that are connected. */
export class Headwater implements Subject {
  readonly #stores: Stores
  readonly #row: Cache<number, VersionedRow>
  readonly #short: Cache<number, VersionedRow>
  readonly #tagged: Cache<number, VersionedRow>
  readonly #long: Cache<number, string>
  #sessions: SubjectSessions | undefined
  /** The current write, which also owns the work that continues after its end. */
  readonly #writes = new AsyncLocalStorage<Write>()

  constructor(stores: Stores, near: CacheOptions<number, unknown>['near'] = false) {
    this.#stores = stores
    const options = {
      near,
      ttlMs,
      refreshAt: 0.5,
      leaseMs: 1_000,
      load: async (ids: readonly number[], sql: Stores['postgres']['client']) => {
        const { rows } = await sql.query<VersionedRow>(selectRows, [ids])
        return new Map(rows.map((row) => [row.id, row]))
      },
    }
    this.#row = defineCache(stores, { ...options, name: 'row' })
    this.#short = defineCache(stores, {
      ...options,
      name: 'short',
      ttlMs: shortTtlMs,
      graceMs: ttlMs,
    })
    this.#tagged = defineCache(stores, { ...options, name: 'tagged', tags: (id) => [tagOf(id)] })
    this.#long = defineCache(stores, {
      near,
      name: 'long',
      ttlMs: 60_000,
      load: async (ids: readonly number[]) => new Map(ids.map((id) => [id, longText])),
    })
    for (const name of [
      'store:operation',
      'invalidation:hold',
      'invalidation:release',
      'invalidation:intent',
    ] as const) {
      stores.diagnostics.on(name, () => {
        this.#writes.getStore()?.step()
      })
    }
    stores.diagnostics.on('invalidation:intent', () => {
      this.#writes.getStore()?.degraded()
    })
  }

  get sessions(): SubjectSessions {
    return (this.#sessions ??= headwaterSessions(this.#stores))
  }

  async read(key: number): Promise<number> {
    const cache = this.anyCache()
    return (
      orThrow(await (Math.random() < refreshShare ? cache.refresh(key) : cache.get(key)))
        ?.version ?? 0
    )
  }

  async readMany(keys: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const found = orThrow(await this.anyCache().getMany(keys))
    return new Map([...found].map(([key, { version }]) => [key, version]))
  }

  /** Reads 2 MB at once. */
  readBig(): Promise<unknown> {
    return Promise.resolve(this.#long.getMany(longIds))
  }

  write(write: Write): Promise<'committed' | 'rolled-back'> {
    return this.#writes.run(write, () =>
      Math.random() < hostShare ? this.#writeAsHost(write) : this.#write(write),
    )
  }

  async close(): Promise<void> {
    orThrow(await this.#stores.close())
  }

  async #write(write: Write): Promise<'committed' | 'rolled-back'> {
    const result = await transaction(
      this.#stores,
      async (tx) => {
        const isEarly = write.key % 2 === 0
        if (isEarly) tx.invalidate(...this.#keysOf(write.key))
        const { rows } = await tx.query<VersionedRow>(raiseVersion, [write.key])
        write.updated(rows[0]?.version ?? 0)
        if (!isEarly) tx.invalidate(...this.#keysOf(write.key))
        return write.isRollback ? err('rolled-back' as const) : ok('committed' as const)
      },
      { deadlineMs: transactionMs },
    )
    if (result.isOk() || result.error === 'rolled-back')
      return write.isRollback ? 'rolled-back' : 'committed'
    throw new Error(result.error.message)
  }

  /** Writes in a transaction of the host, which releases nothing when COMMIT got no answer. */
  #writeAsHost(write: Write): Promise<'committed' | 'rolled-back'> {
    return this.#stores.postgres.withConnection(async (connection) => {
      const change = beginChange(this.#stores, { tx: connection })
      try {
        await connection.query('BEGIN')
        change.invalidate(...this.#keysOf(write.key))
        const { rows } = await connection.query<VersionedRow>(raiseVersion, [write.key])
        write.updated(rows[0]?.version ?? 0)
        orThrow(await change.hold())
      } catch (error) {
        connection.close()
        await change.release()
        throw error
      }
      try {
        await connection.query(write.isRollback ? 'ROLLBACK' : 'COMMIT')
      } catch (error) {
        connection.close()
        throw error
      }
      await change.release()
      return write.isRollback ? 'rolled-back' : 'committed'
    })
  }

  /** One of the caches of rows. */
  protected anyCache(): Cache<number, VersionedRow> {
    if (Math.random() < shortShare) return this.#short
    return Math.random() < 0.5 ? this.#row : this.#tagged
  }

  #keysOf(id: number): readonly CacheKey[] {
    return [this.#row.key(id), this.#short.key(id), tagOf(id)]
  }
}

function tagOf(id: number): CacheKey {
  return cacheKey('tag', id)
}
