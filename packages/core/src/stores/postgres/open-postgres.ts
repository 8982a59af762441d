import type { StoreError } from '../../errors.ts'
import type { Result } from '../../result.ts'
import type { OpenedStore, StoreContext, StoreKind } from '../store-kind.ts'
import { type PostgresOptions, postgresOptions, type PostgresSettings } from './postgres-options.ts'
import { PostgresPoolStore } from './postgres-pool-store.ts'
import type { PostgresStore } from './postgres-store.ts'

/** PostgreSQL as a kind of store; always required. */
export const postgres: StoreKind<PostgresOptions, PostgresSettings, PostgresStore> = {
  options: postgresOptions,
  reachedBy: ['url', 'pool'],
  open: async (settings, context) => opened(settings, context),
}

function opened(settings: PostgresSettings, context: StoreContext): OpenedStore<PostgresStore> {
  const store = new PostgresPoolStore(settings, context)
  const ping = async (deadlineMs: number): Promise<Result<unknown, StoreError>> =>
    await store.query('SELECT 1', [], { deadlineMs }).mapErr((failure) => failure as StoreError)
  return {
    name: 'postgres',
    store,
    isRequired: true,
    reach: ping,
    firstAttempt: async () => undefined,
    ping,
    close: () => store.close(),
    destroy: () => {
      store.destroy()
    },
  }
}
