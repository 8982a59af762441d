import {
  type Cache,
  connect,
  defineCache,
  ok,
  orThrow,
  type ResultAsync,
  type Stores,
  transaction,
  type TransactionError,
} from '@headwater/core'
import { selectRows, type VersionedRow } from '../cache/rows.ts'
import { changeName, raised, raiseVersion } from './tables.ts'

/** The addresses that a process connects to. */
export interface Urls {
  /** Wherever the primary is. */
  readonly postgresUrl: string
  /** What caches, sessions and near members use. */
  readonly sentinels: readonly { readonly host: string; readonly port: number }[]
}

/** The name that the Sentinels know their primary by. */
export const redisName = 'main'

/** Time of a transaction, in milliseconds: shorter than the replication may be held. */
const transactionMs = 1_500
/** A busy machine is no failure of Redis. */
const redisMs = 1_000
/** Longer than an epoch: what is void must not end by itself. */
const ttlMs = 60_000

/** Connects to the stores. */
export async function connectStores({ postgresUrl, sentinels }: Urls): Promise<Stores> {
  return orThrow(
    await connect({
      postgres: {
        url: postgresUrl,
        maxConnections: 6,
        connectTimeoutMs: 1_000,
        statementTimeoutMs: 3_000,
      },
      redis: { sentinels: [...sentinels], name: redisName, deadlineMs: redisMs },
    }),
  )
}

/** The cache of the rows, which every process keeps near. */
export function rowCache(stores: Stores): Cache<number, VersionedRow> {
  return defineCache(stores, {
    name: 'row',
    near: {},
    ttlMs,
    load: async (ids, sql) => {
      const { rows } = await sql.query<VersionedRow>(selectRows, [ids])
      return new Map(rows.map((row) => [row.id, row]))
    },
  })
}

/** What a writer of rows needs. */
export interface Raising {
  readonly stores: Stores
  readonly cache: Cache<number, VersionedRow>
  /** Called with the new version before the commit. */
  readonly updated?: (version: number) => void
}

/** Raises the version of a row and publishes that. */
export function raise(
  { stores, cache, updated }: Raising,
  id: number,
): ResultAsync<void, TransactionError> {
  return transaction(
    stores,
    async (tx) => {
      tx.invalidate(cache.key(id))
      const { rows } = await tx.query<VersionedRow>(raiseVersion, [id])
      const [row] = rows
      if (row === undefined) throw new RangeError(`there is no row ${id}`)
      updated?.(row.version)
      tx.publish({
        aggregateType: 'row',
        aggregateId: id,
        type: raised,
        version: row.version,
        payload: { name: changeName(row) },
      })
      return ok(undefined)
    },
    { deadlineMs: transactionMs },
  )
}
