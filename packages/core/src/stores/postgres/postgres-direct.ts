import { InvalidOptions } from '../../check-options.ts'
import { defaultsOf } from '../option-table.ts'
import type { StoreContext } from '../store-kind.ts'
import { postgresOptions } from './postgres-options.ts'
import { PostgresPoolStore } from './postgres-pool-store.ts'

/**
 * Opens a store of one connection of its own to `url`, with the schema of `stores`, and with their
 * password and their TLS as far as `url` leaves them open; the caller closes it.
 *
 * @throws {@link InvalidOptions} when `url` is none; the message does not repeat it.
 */
export function openDirectPostgres(
  url: string,
  stores: StoreContext & { readonly postgres: { readonly schema: string } },
): PostgresPoolStore {
  // Without the value, which may hold a password.
  if (!postgresOptions.url.rule().safeParse(url).success)
    throw new InvalidOptions('migrate: url: expected a URL such as postgresql://user@host/database')
  const { postgres } = stores
  const access = postgres instanceof PostgresPoolStore ? postgres.accessTo(url) : { url }
  const settings = {
    ...defaultsOf(postgresOptions),
    ...access,
    schema: postgres.schema,
    maxConnections: 1,
    statementTimeoutMs: 0,
  }
  return new PostgresPoolStore(settings, stores)
}
