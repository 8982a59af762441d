import { defaultsOf } from '../option-table.ts'
import type { StoreContext } from '../store-kind.ts'
import { postgresOptions } from './postgres-options.ts'
import { PostgresPoolStore } from './postgres-pool-store.ts'

/**
 * Opens a store of one connection of its own to `url`, with the schema of `stores`; the caller
 * closes it.
 *
 * @throws TypeError when `url` is none; the message does not repeat it.
 */
export function openDirectPostgres(
  url: string,
  stores: StoreContext & { readonly postgres: { readonly schema: string } },
): PostgresPoolStore {
  if (!URL.canParse(url))
    throw new TypeError('expected a URL such as postgresql://user@host/database')
  const settings = {
    ...defaultsOf(postgresOptions),
    url,
    schema: stores.postgres.schema,
    maxConnections: 1,
    statementTimeoutMs: 0,
  }
  return new PostgresPoolStore(settings, stores)
}
