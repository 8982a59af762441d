import { connectDefaults } from '../../connect/connect-options.ts'
import { PostgresPoolStore } from './postgres-pool-store.ts'
import type { Stores } from '../../connect/stores.ts'

/**
 * A store of one connection of its own to `url`, with the schema of `stores`; the caller closes it.
 *
 * @throws TypeError when `url` is none; the message does not repeat it.
 */
export function openDirectPostgres(
  url: string,
  stores: Pick<Stores, 'postgres' | 'clock' | 'diagnostics'>,
): PostgresPoolStore {
  if (!URL.canParse(url))
    throw new TypeError('expected a URL such as postgresql://user@host/database')
  const settings = {
    ...connectDefaults.postgres,
    url,
    schema: stores.postgres.schema,
    maxConnections: 1,
    statementTimeoutMs: 0,
    statementDeadlineMs: Infinity,
  }
  return new PostgresPoolStore(settings, stores)
}
