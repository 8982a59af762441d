import { type Cache, type CacheKey, cacheKey, connect, defineCache, err, ok, orThrow, type Stores, transaction } from '@headwater/core'
import { raiseVersion, selectRows, type VersionedRow } from '../rows.ts'
import { type Subject, type SubjectUrls, transactionMs, ttlMs, type Write } from '../subject.ts'

const holdMs = 2_000

/** The cache of this project; every other read goes through a second cache, whose entries are invalidated by a tag. */
export async function openHeadwater({ redisUrl, postgresUrl }: SubjectUrls): Promise<Subject> {
  return new Headwater(orThrow(await connect({ postgres: { url: postgresUrl, maxConnections: 6 }, redis: { url: redisUrl }, holdMs })))
}

class Headwater implements Subject {
  readonly #stores: Stores
  readonly #caches: readonly [Cache<number, VersionedRow>, Cache<number, VersionedRow>]
  #reads = 0
  #write: Write | undefined

  constructor(stores: Stores) {
    this.#stores = stores
    const options = {
      ttlMs,
      refreshAt: 0.5,
      leaseMs: 1_000,
      load: async (ids: readonly number[], sql: Stores['postgres']['client']) => {
        const { rows } = await sql.query<VersionedRow>(selectRows, [ids])
        return new Map(rows.map((row) => [row.id, row]))
      },
    }
    this.#caches = [defineCache(stores, { ...options, name: 'row' }), defineCache(stores, { ...options, name: 'tagged', tags: (id) => [tagOf(id)] })]
    for (const name of ['store:operation', 'invalidation:hold', 'invalidation:release', 'invalidation:intent'] as const) {
      stores.diagnostics.on(name, () => { this.#write?.step() })
    }
    stores.diagnostics.on('invalidation:intent', () => { this.#write?.degraded() })
  }

  async read(key: number): Promise<number> {
    return orThrow(await this.#nextCache().get(key))?.version ?? 0
  }

  async readMany(keys: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const found = orThrow(await this.#nextCache().getMany(keys))
    return new Map([...found].map(([key, { version }]) => [key, version]))
  }

  async write(write: Write): Promise<'committed' | 'rolled-back'> {
    this.#write = write
    const result = await transaction(this.#stores, async (tx) => {
      const isEarly = write.key % 2 === 0
      if (isEarly) tx.invalidate(...this.#keysOf(write.key))
      const { rows } = await tx.query<VersionedRow>(raiseVersion, [write.key])
      write.updated(rows[0]?.version ?? 0)
      if (!isEarly) tx.invalidate(...this.#keysOf(write.key))
      return write.isRollback ? err('rolled-back' as const) : ok('committed' as const)
    }, { deadlineMs: transactionMs })
    if (result.isOk() || result.error === 'rolled-back') return write.isRollback ? 'rolled-back' : 'committed'
    throw new Error(result.error.message)
  }

  async close(): Promise<void> {
    orThrow(await this.#stores.close())
  }

  #keysOf(id: number): readonly CacheKey[] {
    return [this.#caches[0].key(id), tagOf(id)]
  }

  #nextCache(): Cache<number, VersionedRow> {
    this.#reads += 1
    return this.#caches[this.#reads % 2 === 0 ? 0 : 1]
  }
}

function tagOf(id: number): CacheKey {
  return cacheKey('tag', id)
}
